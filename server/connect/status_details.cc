#include "server/connect/status_details.h"

#include <fmt/format.h>

#include "common/json.h"
#include "server/connect/wire_writer.h"

namespace foxfire::server {
namespace {

// google.rpc.Status {code = 1, message = 2, details = 3}; google.protobuf.Any {type_url = 1, value
// = 2}
std::string Details(Code code, std::string_view message, std::string_view type,
                    std::string_view value) {
  std::string status;
  AppendVarintField(status, 1, static_cast<uint64_t>(code));
  AppendBytesField(status, 2, message);
  if (!type.empty()) {
    std::string any;
    AppendBytesField(any, 1, "type.googleapis.com/google.rpc." + std::string(type));
    AppendBytesField(any, 2, value);
    AppendBytesField(status, 3, any);
  }
  return status;
}

// An entry of map<string, string> metadata = 3.
void AppendMetadata(std::string& info, std::string_view key, std::string_view value) {
  std::string entry;
  AppendBytesField(entry, 1, key);
  AppendBytesField(entry, 2, value);
  AppendBytesField(info, 3, entry);
}

}  // namespace

CallStatus StatusOf(const Error& error) {
  return {error.code, error.message, Details(error.code, error.message, "", "")};
}

CallStatus StatusWithRetry(const Error& error, Duration delay) {
  using std::chrono::duration_cast;
  const auto seconds = duration_cast<std::chrono::seconds>(delay);
  // google.rpc.RetryInfo {retry_delay = 1}; google.protobuf.Duration {seconds = 1, nanos = 2}
  std::string duration;
  AppendVarintField(duration, 1, static_cast<uint64_t>(seconds.count()));
  AppendVarintField(duration, 2, static_cast<uint64_t>((delay - seconds).count()));
  std::string retry;
  AppendBytesField(retry, 1, duration);
  return {error.code, error.message, Details(error.code, error.message, "RetryInfo", retry)};
}

CallStatus SessionChanged(std::string_view session_id, std::string_view why) {
  // The words of Spark 4.2's own error, which clients match on, with the reason put in.
  std::string message = fmt::format(
      "[INVALID_HANDLE.SESSION_CHANGED] The handle {} is invalid. The existing Spark server driver "
      "instance has restarted ({}). Please reconnect. SQLSTATE: HY000",
      session_id, why);
  // google.rpc.ErrorInfo {reason = 1, domain = 2, metadata = 3}. No errorId: the client then asks
  // for nothing more.
  std::string info;
  AppendBytesField(info, 1, "org.apache.spark.SparkSQLException");
  AppendBytesField(info, 2, "org.apache.spark");
  AppendMetadata(info, "errorClass", "INVALID_HANDLE.SESSION_CHANGED");
  AppendMetadata(info, "sqlState", "HY000");
  AppendMetadata(
      info, "classes",
      R"(["org.apache.spark.SparkSQLException","java.sql.SQLException","java.lang.Exception","java.lang.Throwable"])");
  AppendMetadata(info, "messageParameters", ToText(Json{{"handle", std::string(session_id)}}));
  std::string details = Details(Code::kInternal, message, "ErrorInfo", info);
  return {Code::kInternal, std::move(message), std::move(details)};
}

std::string EncodeGrpcMessage(std::string_view message) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(message.size());
  for (const char c : message) {
    if (c >= ' ' && c <= '~' && c != '%') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace foxfire::server
