#include "cli/output.h"

#include <chrono>

#include "common/units.h"

namespace foxfire::cli {
namespace {

OrderedJson TextOrNull(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

OrderedJson Time(int64_t unix_millis) { return FormatTime(FromUnixMillis(unix_millis)); }

template <typename Strings>
OrderedJson Array(const Strings& strings) {
  OrderedJson array = OrderedJson::array();
  for (const std::string& text : strings) array.push_back(text);
  return array;
}

}  // namespace

OrderedJson ToJson(const pb::Engine& engine) {
  OrderedJson json;
  json["engine_id"] = engine.engine_id();
  json["key"] = engine.key();
  json["owner"] = engine.owner();
  json["share_level"] = engine.share_level();
  json["profile"] = engine.profile();
  json["subdomain"] = engine.subdomain();
  json["state"] = engine.state();
  json["endpoint"] = TextOrNull(engine.endpoint());
  json["pid"] = engine.has_pid() ? OrderedJson(engine.pid()) : nullptr;
  json["application_id"] = TextOrNull(engine.application_id());
  json["spark_version"] = TextOrNull(engine.spark_version());
  json["sessions"] = engine.sessions();
  json["operations"] = engine.operations();
  json["started_at"] = engine.has_started_at_ms() ? Time(engine.started_at_ms()) : nullptr;
  json["idle_seconds"] = engine.has_idle_ms() ? OrderedJson(engine.idle_ms() / 1000) : nullptr;
  json["rss_bytes"] = engine.has_rss_bytes() ? OrderedJson(engine.rss_bytes()) : nullptr;
  json["run_as"] = TextOrNull(engine.run_as());
  json["submission_id"] = TextOrNull(engine.submission_id());
  json["health"] = TextOrNull(engine.health());
  json["registered"] = engine.registered();
  return json;
}

OrderedJson ToJson(const pb::Launch& launch) {
  OrderedJson json;
  json["place"] = launch.place() > 0 ? OrderedJson(launch.place()) : nullptr;
  json["key"] = launch.key();
  json["run_as"] = launch.run_as();
  json["engine_id"] = TextOrNull(launch.engine_id());
  json["callers"] = launch.callers();
  json["since"] = Time(launch.since_ms());
  json["waits_for"] = TextOrNull(launch.waits_for());
  return json;
}

OrderedJson ToJson(const pb::ExplainResponse& explained) {
  OrderedJson json;
  json["user"] = explained.user();
  json["groups"] = Array(explained.groups());
  json["rules"] = explained.rules();
  json["key"] = explained.key();
  json["run_as"] = explained.run_as();
  json["engine_id"] = TextOrNull(explained.engine_id());
  json["outcome"] = explained.outcome();
  json["prestart"] = explained.prestart();
  return json;
}

OrderedJson ToJson(const pb::KillEngineResponse& killed) {
  OrderedJson json;
  json["engine_id"] = killed.engine_id();
  json["key"] = killed.key();
  json["forced"] = killed.forced();
  json["sessions"] = killed.sessions();
  json["open_calls"] = killed.open_calls();
  json["still_runs"] = killed.still_runs();
  json["not_found"] = killed.not_found();
  return json;
}

OrderedJson ToJson(const pb::LaunchFailure& failure) {
  OrderedJson json;
  json["key"] = failure.key();
  json["count"] = failure.count();
  json["last"] = Time(failure.last_ms());
  json["retry_at"] = Time(failure.retry_at_ms());
  json["why"] = TextOrNull(failure.why());
  return json;
}

OrderedJson ToJson(const pb::Spare& spare) {
  OrderedJson json;
  json["engine_id"] = spare.engine_id();
  json["profile"] = spare.profile();
  json["state"] = spare.state();
  json["pid"] = spare.has_pid() ? OrderedJson(spare.pid()) : nullptr;
  json["since"] = Time(spare.since_ms());
  return json;
}

OrderedJson ToJson(const pb::StartEngineResponse& started) {
  OrderedJson json;
  json["key"] = started.key();
  json["run_as"] = started.run_as();
  json["outcome"] = started.outcome();
  json["engine"] = started.has_engine() ? ToJson(started.engine()) : OrderedJson(nullptr);
  return json;
}

OrderedJson ToJson(const pb::DrainEngineResponse& drained) {
  OrderedJson json;
  json["engine_id"] = drained.engine_id();
  json["key"] = drained.key();
  json["sessions"] = drained.sessions();
  json["open_calls"] = drained.open_calls();
  return json;
}

OrderedJson ToJson(const pb::RegisterEngineResponse& made) {
  OrderedJson json;
  json["engine_id"] = made.engine_id();
  json["key"] = made.key();
  json["endpoint"] = made.endpoint();
  return json;
}

OrderedJson ToJson(const pb::UnregisterEngineResponse& gone) {
  OrderedJson json;
  json["engine_id"] = gone.engine_id();
  json["key"] = gone.key();
  json["endpoint"] = gone.endpoint();
  json["sessions"] = gone.sessions();
  return json;
}

OrderedJson ToJson(const pb::Session& session) {
  OrderedJson json;
  json["session_id"] = session.session_id();
  json["user"] = session.user();
  json["engine_id"] = TextOrNull(session.engine_id());
  json["state"] = session.state();
  json["created_at"] = Time(session.created_at_ms());
  json["last_activity_at"] = Time(session.last_activity_at_ms());
  json["operations"] = session.operations();
  json["client"] = TextOrNull(session.client());
  json["end_reason"] = TextOrNull(session.end_reason());
  return json;
}

OrderedJson ToJson(const pb::Token& token) {
  OrderedJson json;
  json["token_id"] = token.token_id();
  json["user"] = token.user();
  json["groups"] = Array(token.groups());
  json["roles"] = Array(token.roles());
  json["state"] = token.state();
  json["created_at"] = Time(token.created_at_ms());
  json["expires_at"] = token.has_expires_at_ms() ? Time(token.expires_at_ms()) : nullptr;
  json["revoked_at"] = token.has_revoked_at_ms() ? Time(token.revoked_at_ms()) : nullptr;
  json["created_by"] = TextOrNull(token.created_by());
  return json;
}

OrderedJson ToJson(const pb::CreateTokenResponse& created) {
  OrderedJson json;
  json["token"] = created.token();
  json["connection_string"] = created.connection_string();
  json["token_id"] = created.token_id();
  json["user"] = created.user();
  json["expires_at"] = created.has_expires_at_ms() ? Time(created.expires_at_ms()) : nullptr;
  return json;
}

OrderedJson ToJson(const pb::Event& event) {
  OrderedJson json;
  json["seq"] = event.seq();
  json["time"] = Time(event.time_ms());
  json["type"] = event.type();
  json["user"] = TextOrNull(event.user());
  json["session_id"] = TextOrNull(event.session_id());
  json["engine_id"] = TextOrNull(event.engine_id());
  json["operation_id"] = TextOrNull(event.operation_id());
  json["address"] = TextOrNull(event.address());
  json["detail"] = TextOrNull(event.detail());
  return json;
}

std::string Render(const OrderedJson& json) {
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace foxfire::cli
