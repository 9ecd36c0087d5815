#include "discovery/records.h"

#include <fmt/format.h>

#include <charconv>

#include "common/json.h"
#include "common/units.h"

namespace foxfire::discovery {
namespace {

constexpr std::string_view kCure = "; delete the node, or fix its data";

// A text from outside, quoted, escaped and of a bounded length.
std::string Quoted(std::string_view text) { return ToText(Json(std::string(text.substr(0, 100)))); }

tl::unexpected<Error> Wrong(std::string what) {
  return MakeError(Code::kInvalidArgument, std::move(what));
}

template <typename T>
Result<T> WithCure(Result<T> parsed) {
  if (!parsed) parsed.error().message += kCure;
  return parsed;
}

Result<Json> ParseSchemaOne(std::string_view data) {
  ASSIGN_OR_RETURN(Json object, ParseJson(data));
  if (!object.is_object()) return Wrong("not a JSON object");
  ASSIGN_OR_RETURN(const int64_t schema, JsonInteger(object, "schema"));
  if (schema != 1) return Wrong(fmt::format("\"schema\" is {}, only 1 is known", schema));
  return object;
}

Result<WallTime> JsonTime(const Json& object, const char* key) {
  ASSIGN_OR_RETURN(const std::string text, JsonString(object, key));
  RETURN_IF_ERROR_CONTEXT(ParseTime(text), fmt::format("\"{}\"", key));
  return ParseTime(text);
}

// Epoch if it is not there.
Result<WallTime> JsonTimeOrNone(const Json& object, const char* key) {
  ASSIGN_OR_RETURN(const std::string text, JsonString(object, key, ""));
  if (text.empty()) return WallTime{};
  return JsonTime(object, key);
}

Result<EngineRecord> EngineFrom(const EngineKey& key, const EngineId& id, std::string_view data) {
  ASSIGN_OR_RETURN(const Json object, ParseSchemaOne(data));
  ASSIGN_OR_RETURN(const std::string engine_id, JsonString(object, "engine_id"));
  if (engine_id != id.str()) {
    return Wrong(fmt::format("\"engine_id\" is {}, the node's name is {}", Quoted(engine_id),
                             Quoted(id.str())));
  }
  ASSIGN_OR_RETURN(const std::string endpoint_text, JsonString(object, "endpoint"));
  ASSIGN_OR_RETURN(Endpoint endpoint, ParseEndpoint(endpoint_text));
  EngineRecord record;
  record.key = key;
  record.id = id;
  record.host = std::move(endpoint.host);
  record.port = endpoint.port;
  ASSIGN_OR_RETURN(record.spark_version, JsonString(object, "spark_version", ""));
  ASSIGN_OR_RETURN(record.application_id, JsonString(object, "application_id", ""));
  ASSIGN_OR_RETURN(record.run_as, JsonString(object, "run_as", ""));
  ASSIGN_OR_RETURN(record.ui_url, JsonString(object, "ui_url", ""));
  ASSIGN_OR_RETURN(record.host_name, JsonString(object, "host_name", ""));
  ASSIGN_OR_RETURN(record.pid, JsonInteger(object, "pid", 0));
  ASSIGN_OR_RETURN(record.started_at, JsonTimeOrNone(object, "started_at"));
  ASSIGN_OR_RETURN(record.public_key, JsonString(object, "public_key", ""));
  ASSIGN_OR_RETURN(record.submission_id, JsonString(object, "submission_id", ""));
  ASSIGN_OR_RETURN(record.sessions, JsonInteger(object, "sessions", -1));
  ASSIGN_OR_RETURN(record.operations, JsonInteger(object, "operations", -1));
  ASSIGN_OR_RETURN(record.registered_by, JsonString(object, "registered_by", ""));
  ASSIGN_OR_RETURN(record.sealed_secret, JsonString(object, "sealed_secret", ""));
  return record;
}

Result<SessionBinding> BindingFrom(const UserId& user, const SessionId& session,
                                   std::string_view data) {
  ASSIGN_OR_RETURN(const Json object, ParseSchemaOne(data));
  ASSIGN_OR_RETURN(const std::string key_text, JsonString(object, "engine_key"));
  ASSIGN_OR_RETURN(EngineKey key, EngineKey::Parse(key_text));
  ASSIGN_OR_RETURN(const std::string engine, JsonString(object, "engine_id"));
  if (!IsUuid(engine)) return Wrong(fmt::format("\"engine_id\" {} is no UUID", Quoted(engine)));
  ASSIGN_OR_RETURN(const WallTime created_at, JsonTime(object, "created_at"));
  ASSIGN_OR_RETURN(const WallTime used_at, JsonTimeOrNone(object, "used_at"));
  return SessionBinding{user, session, std::move(key), EngineId(engine), created_at, used_at};
}

Result<ControlCommand> CommandFrom(std::string_view data) {
  ASSIGN_OR_RETURN(const Json object, ParseSchemaOne(data));
  ControlCommand command;
  ASSIGN_OR_RETURN(command.command, JsonString(object, "command"));
  ASSIGN_OR_RETURN(const int64_t grace_ms, JsonInteger(object, "grace_ms", 0));
  constexpr int64_t kLongest = std::chrono::milliseconds(std::chrono::hours(24 * 3650)).count();
  if (grace_ms < 0 || grace_ms > kLongest)
    return Wrong("\"grace_ms\" must be between 0 and 10 years");
  command.grace = std::chrono::milliseconds(grace_ms);
  ASSIGN_OR_RETURN(command.reason, JsonString(object, "reason", ""));
  ASSIGN_OR_RETURN(command.by, JsonString(object, "by", ""));
  return command;
}

Result<GatewayRecord> GatewayFrom(std::string_view data) {
  ASSIGN_OR_RETURN(const Json object, ParseSchemaOne(data));
  GatewayRecord record;
  ASSIGN_OR_RETURN(std::string id, JsonString(object, "gateway_id"));
  record.id = GatewayId(std::move(id));
  ASSIGN_OR_RETURN(record.host_name, JsonString(object, "host_name", ""));
  ASSIGN_OR_RETURN(record.pid, JsonInteger(object, "pid", 0));
  ASSIGN_OR_RETURN(record.address, JsonString(object, "address", ""));
  ASSIGN_OR_RETURN(record.version, JsonString(object, "version", ""));
  ASSIGN_OR_RETURN(record.started_at, JsonTimeOrNone(object, "started_at"));
  return record;
}

Result<LaunchRecord> LaunchFrom(std::string_view data) {
  ASSIGN_OR_RETURN(const Json object, ParseSchemaOne(data));
  ASSIGN_OR_RETURN(std::string gateway, JsonString(object, "gateway_id"));
  ASSIGN_OR_RETURN(const WallTime started_at, JsonTime(object, "started_at"));
  return LaunchRecord{GatewayId(std::move(gateway)), started_at};
}

}  // namespace

Result<Endpoint> ParseEndpoint(std::string_view text) {
  const auto wrong = [&] {
    return Wrong(fmt::format(
        "{} is not an endpoint: write \"host:port\", an IPv6 address in brackets", Quoted(text)));
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong();
  }
  if (host.empty() || host.size() > 255) return wrong();
  for (const char c : host) {
    if (c <= ' ' || c >= 0x7f || c == '/' || c == '[' || c == ']') return wrong();
  }
  const std::string_view digits = text.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return wrong();
  return Endpoint{std::string(host), port};
}

std::string FormatEndpoint(const Endpoint& endpoint) {
  const bool bare = endpoint.host.find(':') == std::string::npos;
  return fmt::format(fmt::runtime(bare ? "{}:{}" : "[{}]:{}"), endpoint.host, endpoint.port);
}

tl::unexpected<Error> AtNode(Error error, std::string_view path) {
  return WithContext(std::move(error), fmt::format("ZooKeeper node {}", path));
}

std::string ToJson(const EngineRecord& record) {
  return ToText({{"schema", 1},
                 {"engine_id", record.id.str()},
                 {"endpoint", FormatEndpoint({record.host, record.port})},
                 {"spark_version", record.spark_version},
                 {"application_id", record.application_id},
                 {"run_as", record.run_as},
                 {"ui_url", record.ui_url},
                 {"pid", record.pid},
                 {"started_at", FormatTime(record.started_at)},
                 {"host_name", record.host_name},
                 {"public_key", record.public_key},
                 {"submission_id", record.submission_id},
                 {"sessions", record.sessions},
                 {"operations", record.operations},
                 {"registered_by", record.registered_by},
                 {"sealed_secret", record.sealed_secret}});
}

std::string ToJson(const SessionBinding& binding) {
  Json object = {{"schema", 1},
                 {"user", binding.user.str()},
                 {"session_id", binding.session.str()},
                 {"engine_key", binding.key.ToString()},
                 {"engine_id", binding.engine.str()},
                 {"created_at", FormatTime(binding.created_at)}};
  if (binding.used_at != WallTime{}) object["used_at"] = FormatTime(binding.used_at);
  return ToText(object);
}

std::string ToJson(const ControlCommand& command) {
  return ToText({{"schema", 1},
                 {"command", command.command},
                 {"grace_ms", command.grace / std::chrono::milliseconds(1)},
                 {"reason", command.reason},
                 {"by", command.by}});
}

std::string ToJson(const GatewayRecord& record) {
  return ToText({{"schema", 1},
                 {"gateway_id", record.id.str()},
                 {"host_name", record.host_name},
                 {"pid", record.pid},
                 {"address", record.address},
                 {"version", record.version},
                 {"started_at", FormatTime(record.started_at)}});
}

std::string ToJson(const LaunchRecord& record) {
  return ToText({{"schema", 1},
                 {"gateway_id", record.gateway.str()},
                 {"started_at", FormatTime(record.started_at)}});
}

Result<EngineRecord> ParseEngineRecord(const EngineKey& key, const EngineId& id,
                                       std::string_view data) {
  return WithCure(EngineFrom(key, id, data));
}

Result<SessionBinding> ParseSessionBinding(const UserId& user, const SessionId& session,
                                           std::string_view data) {
  return WithCure(BindingFrom(user, session, data));
}

Result<ControlCommand> ParseControlCommand(std::string_view data) {
  return WithCure(CommandFrom(data));
}

Result<GatewayRecord> ParseGatewayRecord(std::string_view data) {
  return WithCure(GatewayFrom(data));
}

Result<LaunchRecord> ParseLaunchRecord(std::string_view data) { return WithCure(LaunchFrom(data)); }

}  // namespace foxfire::discovery
