// One of everything that the admin API answers with: a thing of which all is known, and one of
// which little is.
#pragma once

#include <chrono>
#include <sstream>

#include "cli/command.h"
#include "common/units.h"

namespace foxfire::cli {

inline constexpr int64_t kNoon = 1'795'262'400'000;  // 2026-11-21T12:00:00Z

inline Terminal TerminalAtNoon(std::ostream& out, std::optional<size_t> width = std::nullopt) {
  return {out, width, FromUnixMillis(kNoon)};
}

inline pb::ListEnginesResponse SampleEngines() {
  pb::ListEnginesResponse engines;
  pb::Engine& ready = *engines.add_engines();
  ready.set_engine_id("3f2b8c1e-0000-4000-8000-000000000001");
  ready.set_key("user:alice:default:default");
  ready.set_owner("alice");
  ready.set_share_level("user");
  ready.set_profile("default");
  ready.set_subdomain("default");
  ready.set_state("ready");
  ready.set_endpoint("127.0.0.1:40123");
  ready.set_pid(4711);
  ready.set_application_id("local-1795262000000");
  ready.set_spark_version("4.2.1");
  ready.set_sessions(2);
  ready.set_operations(1);
  ready.set_started_at_ms(kNoon - 3 * 3600 * 1000 - 125'000);
  ready.set_idle_ms(0);
  ready.set_rss_bytes(1'503'238'553);
  ready.set_run_as("alice");
  ready.set_submission_id("spark-3f2b8c1e");
  ready.set_health("ok");
  pb::Engine& launching = *engines.add_engines();
  launching.set_engine_id("9d0c4a77-0000-4000-8000-000000000002");
  launching.set_key("user:bob:etl:nightly");
  launching.set_owner("bob");
  launching.set_share_level("user");
  launching.set_profile("etl");
  launching.set_subdomain("nightly");
  launching.set_state("launching");
  pb::LaunchFailure& failure = *engines.add_failures();
  failure.set_key("user:carol:default:default");
  failure.set_count(3);
  failure.set_last_ms(kNoon - 61'000);
  failure.set_retry_at_ms(kNoon + 20'000);
  failure.set_why("the engine ended: exit status 1");
  pb::Spare& spare = *engines.add_spares();
  spare.set_engine_id("5c1d0b6e-0000-4000-8000-000000000005");
  spare.set_profile("default");
  spare.set_state("ready");
  spare.set_pid(4712);
  spare.set_since_ms(kNoon - 300'000);
  return engines;
}

inline pb::ListLaunchesResponse SampleLaunches() {
  pb::ListLaunchesResponse launches;
  pb::Launch& starting = *launches.add_launches();
  starting.set_key("user:bob:etl:nightly");
  starting.set_run_as("bob");
  starting.set_engine_id("9d0c4a77-0000-4000-8000-000000000002");
  starting.set_callers(3);
  starting.set_since_ms(kNoon - 2'500);
  starting.set_waits_for("it has not registered itself in ZooKeeper");
  pb::Launch& queued = *launches.add_launches();
  queued.set_key("group:bi:default:default");
  queued.set_run_as("bi");
  queued.set_place(1);
  queued.set_callers(1);
  queued.set_since_ms(kNoon - 61'000);
  queued.set_waits_for("10 engines of bi run or start already (limits.engines_per_group)");
  return launches;
}

inline pb::ExplainResponse SampleExplained() {
  pb::ExplainResponse explained;
  explained.set_user("alice");
  explained.add_groups("staff");
  explained.add_groups("bi");
  explained.set_rules("[group.bi]");
  explained.set_key("group:bi:etl:default");
  explained.set_run_as("bi");
  explained.set_outcome("none is running; the first call starts one");
  return explained;
}

inline pb::ListSessionsResponse SampleSessions() {
  pb::ListSessionsResponse sessions;
  pb::Session& active = *sessions.add_sessions();
  active.set_session_id("00112233-4455-6677-8899-aabbccddeeff");
  active.set_user("alice");
  active.set_engine_id("3f2b8c1e-0000-4000-8000-000000000001");
  active.set_state("active");
  active.set_created_at_ms(kNoon - 60'000);
  active.set_last_activity_at_ms(kNoon - 1'250);
  active.set_operations(17);
  active.set_client("_SPARK_CONNECT_PYTHON spark/4.2.1 os/linux python/3.11.2");
  pb::Session& lost = *sessions.add_sessions();
  lost.set_session_id("ffeeddcc-4455-6677-8899-aabbccddeeff");
  lost.set_user("bob");
  lost.set_engine_id("9d0c4a77-0000-4000-8000-000000000002");
  lost.set_state("lost");
  lost.set_created_at_ms(kNoon - 7'200'000);
  lost.set_last_activity_at_ms(kNoon - 3'600'000);
  lost.set_end_reason("its engine ended: signal 9");
  return sessions;
}

inline pb::ListEventsResponse SampleEvents() {
  pb::ListEventsResponse events;
  pb::Event& operation = *events.add_events();
  operation.set_seq(41);
  operation.set_time_ms(kNoon - 2'000);
  operation.set_type("operation_started");
  operation.set_user("alice");
  operation.set_session_id("00112233-4455-6677-8899-aabbccddeeff");
  operation.set_engine_id("3f2b8c1e-0000-4000-8000-000000000001");
  operation.set_operation_id("77777777-4455-6677-8899-aabbccddeeff");
  operation.set_address("127.0.0.1:51234");
  operation.set_detail("ExecutePlan");
  pb::Event& started = *events.add_events();
  started.set_seq(42);
  started.set_time_ms(kNoon);
  started.set_type("gateway_started");
  return events;
}

inline pb::ListTokensResponse SampleTokens() {
  pb::ListTokensResponse tokens;
  pb::Token& admin = *tokens.add_tokens();
  admin.set_token_id("0f1e2d3c-0000-4000-8000-000000000003");
  admin.set_user("admin");
  admin.add_roles("admin");
  admin.set_state("active");
  admin.set_created_at_ms(kNoon - 86'400'000);
  pb::Token& alice = *tokens.add_tokens();
  alice.set_token_id("a1b2c3d4-0000-4000-8000-000000000004");
  alice.set_user("alice");
  alice.add_groups("analysts");
  alice.add_groups("etl");
  alice.set_state("expired");
  alice.set_created_at_ms(kNoon - 86'400'000);
  alice.set_expires_at_ms(kNoon - 1);
  alice.set_created_by("admin");
  return tokens;
}

inline pb::CreateTokenResponse SampleCreatedToken() {
  pb::CreateTokenResponse created;
  created.set_token("not-a-real-token");
  created.set_connection_string(
      "sc://gateway.example.com:15002/;token=not-a-real-token;use_ssl=true");
  created.set_token_id("a1b2c3d4-0000-4000-8000-000000000004");
  created.set_user("alice");
  created.set_expires_at_ms(kNoon + 30LL * 86'400'000);
  return created;
}

inline pb::KillEngineResponse SampleKilledEngine() {
  pb::KillEngineResponse killed;
  killed.set_engine_id("3f2b8c1e-0000-4000-8000-000000000001");
  killed.set_key("user:alice:default:default");
  killed.set_sessions(2);
  killed.set_open_calls(1);
  return killed;
}

inline pb::StartEngineResponse SampleStartedEngine() {
  pb::StartEngineResponse started;
  started.set_key("user:alice:default:default");
  started.set_run_as("alice");
  started.set_outcome("it has been started");
  *started.mutable_engine() = SampleEngines().engines(0);
  return started;
}

inline pb::DrainEngineResponse SampleDrainedEngine() {
  pb::DrainEngineResponse drained;
  drained.set_engine_id("3f2b8c1e-0000-4000-8000-000000000001");
  drained.set_key("user:alice:default:default");
  drained.set_sessions(1);
  drained.set_open_calls(2);
  return drained;
}

inline pb::RegisterEngineResponse SampleRegisteredEngine() {
  pb::RegisterEngineResponse made;
  made.set_engine_id("7e57ab1e-0000-4000-8000-000000000006");
  made.set_key("group:data:prod:default");
  made.set_endpoint("10.0.0.7:15002");
  return made;
}

inline pb::UnregisterEngineResponse SampleUnregisteredEngine() {
  pb::UnregisterEngineResponse gone;
  gone.set_engine_id("7e57ab1e-0000-4000-8000-000000000006");
  gone.set_key("group:data:prod:default");
  gone.set_endpoint("10.0.0.7:15002");
  gone.set_sessions(4);
  return gone;
}

}  // namespace foxfire::cli
