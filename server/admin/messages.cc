#include "server/admin/messages.h"

#include <chrono>

#include "common/text.h"
#include "common/units.h"

namespace foxfire::server {

pb::Engine ToMessage(const EngineStatus& engine, const EngineUsage::Use& use, WallTime now) {
  pb::Engine message;
  message.set_engine_id(ToUtf8(engine.id.str()));
  message.set_key(engine.key.ToString());
  message.set_owner(ToUtf8(engine.key.owner));
  message.set_share_level(std::string(ShareLevelName(engine.key.level)));
  message.set_profile(ToUtf8(engine.key.profile));
  message.set_subdomain(ToUtf8(engine.key.subdomain));
  message.set_state(std::string(EngineStateName(engine.state)));
  if (!engine.endpoint.empty()) message.set_endpoint(ToUtf8(engine.endpoint));
  if (engine.pid > 0) message.set_pid(engine.pid);
  if (!engine.application_id.empty()) message.set_application_id(ToUtf8(engine.application_id));
  if (!engine.spark_version.empty()) message.set_spark_version(ToUtf8(engine.spark_version));
  message.set_sessions(static_cast<int64_t>(use.sessions));
  message.set_operations(use.open_calls);
  if (engine.started_at != WallTime{}) {
    message.set_started_at_ms(ToUnixMillis(engine.started_at));
    if (engine.state != EngineState::kLaunching) {
      message.set_idle_ms(std::chrono::duration_cast<std::chrono::milliseconds>(
                              IdleTime(use, engine.started_at, now))
                              .count());
    }
  }
  if (engine.rss_bytes) message.set_rss_bytes(*engine.rss_bytes);
  message.set_run_as(ToUtf8(engine.run_as));
  message.set_submission_id(ToUtf8(engine.submission_id));
  message.set_health(ToUtf8(engine.health));
  message.set_registered(engine.is_registered);
  return message;
}

pb::Launch ToMessage(const LaunchStatus& launch) {
  pb::Launch message;
  message.set_key(ToUtf8(launch.key.ToString()));
  message.set_run_as(ToUtf8(launch.run_as));
  message.set_engine_id(launch.engine.str());
  message.set_place(static_cast<int64_t>(launch.place.value_or(0)));
  message.set_callers(static_cast<int64_t>(launch.callers));
  message.set_since_ms(ToUnixMillis(launch.since));
  message.set_waits_for(ToUtf8(launch.waits_for));
  return message;
}

pb::LaunchFailure ToMessage(const LaunchFailure& failure) {
  pb::LaunchFailure message;
  message.set_key(ToUtf8(failure.key.ToString()));
  message.set_count(static_cast<int64_t>(failure.count));
  message.set_last_ms(ToUnixMillis(failure.last));
  message.set_retry_at_ms(ToUnixMillis(failure.retry_at));
  message.set_why(ToUtf8(failure.error.message));
  return message;
}

pb::Spare ToMessage(const SpareStatus& spare) {
  pb::Spare message;
  message.set_engine_id(spare.id.str());
  message.set_profile(ToUtf8(spare.profile));
  message.set_state(spare.state);
  if (spare.pid > 0) message.set_pid(spare.pid);
  message.set_since_ms(ToUnixMillis(spare.since));
  return message;
}

pb::Session ToMessage(const SessionSummary& session) {
  pb::Session message;
  message.set_session_id(ToUtf8(session.info.id.str()));
  message.set_user(ToUtf8(session.info.user.str()));
  message.set_engine_id(ToUtf8(session.info.engine.str()));
  message.set_state(std::string(SessionStateName(session.state)));
  message.set_created_at_ms(ToUnixMillis(session.info.created_at));
  message.set_last_activity_at_ms(ToUnixMillis(session.last_activity));
  message.set_operations(session.operations);
  message.set_client(ToUtf8(session.info.client));
  message.set_end_reason(ToUtf8(session.end_reason));
  return message;
}

pb::Session ToMessage(const SessionRecord& session) {
  pb::Session message;
  message.set_session_id(ToUtf8(session.session_id));
  message.set_user(ToUtf8(session.user));
  message.set_engine_id(ToUtf8(session.engine_id));
  message.set_state(ToUtf8(session.state));
  message.set_created_at_ms(ToUnixMillis(session.created_at));
  message.set_last_activity_at_ms(ToUnixMillis(session.last_activity_at));
  message.set_operations(session.operations);
  message.set_client(ToUtf8(session.client));
  message.set_end_reason(ToUtf8(session.end_reason));
  return message;
}

pb::Event ToMessage(const EventRecord& event) {
  pb::Event message;
  message.set_seq(event.seq);
  message.set_time_ms(ToUnixMillis(event.time));
  message.set_type(ToUtf8(event.type));
  message.set_user(ToUtf8(event.user));
  message.set_session_id(ToUtf8(event.session_id));
  message.set_engine_id(ToUtf8(event.engine_id));
  message.set_operation_id(ToUtf8(event.operation_id));
  message.set_address(ToUtf8(event.address));
  message.set_detail(ToUtf8(event.detail));
  return message;
}

}  // namespace foxfire::server
