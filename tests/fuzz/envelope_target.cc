// Any bytes as a request of any method, in two ways to cut them: the scanner says the same of both.
//
// Input: a byte that chooses the method, one that chooses the cut, the message.
#include <array>
#include <cstdint>
#include <span>

#include "common/check.h"
#include "server/connect/envelope_scanner.h"

namespace {

using foxfire::server::EnvelopeScanner;

constexpr std::array<std::string_view, 5> kPaths = {
    "/spark.connect.SparkConnectService/ExecutePlan",
    "/spark.connect.SparkConnectService/ReattachExecute",
    "/spark.connect.SparkConnectService/Interrupt",
    "/spark.connect.SparkConnectService/ReleaseSession", "/spark.connect.SparkConnectService/New"};

bool Scan(EnvelopeScanner& scanner, std::span<const uint8_t> bytes, size_t piece) {
  while (!bytes.empty()) {
    const size_t size = std::min(piece, bytes.size());
    if (!scanner.Scan(bytes.first(size))) return false;
    bytes = bytes.subspan(size);
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const foxfire::server::MethodTraits& method =
      foxfire::server::TraitsOf(kPaths[data[0] % kPaths.size()]);
  const std::span<const uint8_t> message(data + 2, size - 2);
  EnvelopeScanner whole(method);
  EnvelopeScanner cut(method);

  const bool is_good = Scan(whole, message, message.size());
  CHECK(Scan(cut, message, size_t{1} + data[1] % 64U) == is_good);
  if (!is_good) return 0;
  CHECK(whole.AtBoundary() == cut.AtBoundary());
  CHECK(whole.session_id() == cut.session_id());
  CHECK(whole.operation_id() == cut.operation_id());
  CHECK(whole.client_type() == cut.client_type());
  CHECK(whole.has_session_id() == cut.has_session_id());
  return 0;
}
