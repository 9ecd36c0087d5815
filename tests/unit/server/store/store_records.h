// Records for tests, each field different from the others.
#pragma once

#include <string>

#include "common/units.h"
#include "server/store/event_store.h"

namespace foxfire::server {

inline constexpr int64_t kStartMillis = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

inline WallTime At(int64_t millis) { return FromUnixMillis(kStartMillis + millis); }

inline EventRecord MakeEvent(const std::string& user, int64_t millis = 0) {
  EventRecord event;
  event.time = At(millis);
  event.type = "session_opened";
  event.user = user;
  event.session_id = "session of " + user;
  event.engine_id = "engine of " + user;
  event.operation_id = "operation of " + user;
  event.address = "127.0.0.1:5001";
  event.detail = "for people";
  return event;
}

inline SessionRecord MakeSession(const std::string& user, const std::string& id,
                                 int64_t millis = 0) {
  SessionRecord session;
  session.session_id = id;
  session.user = user;
  session.engine_id = "engine of " + user;
  session.engine_key = "user:" + user + ":default:default";
  session.state = "active";
  session.created_at = At(millis);
  session.last_activity_at = At(millis + 1);
  session.operations = 7;
  session.client = "_SPARK_CONNECT_PYTHON";
  session.end_reason = "";
  return session;
}

inline EngineRow MakeEngine(const std::string& id, int64_t millis = 0) {
  EngineRow engine;
  engine.engine_id = id;
  engine.key = "user:alice:default:default";
  engine.owner = "alice";
  engine.state = "ready";
  engine.endpoint = "127.0.0.1:4001";
  engine.pid = 4711;
  engine.application_id = "local-1";
  engine.spark_version = "4.2.1";
  engine.started_at = At(millis);
  engine.end_reason = "";
  return engine;
}

inline OperationRow MakeOperation(const std::string& user, const std::string& id,
                                  int64_t millis = 0) {
  OperationRow operation;
  operation.operation_id = id;
  operation.session_id = "session of " + user;
  operation.user = user;
  operation.engine_id = "engine of " + user;
  operation.started_at = At(millis);
  operation.address = "127.0.0.1:5001";
  return operation;
}

}  // namespace foxfire::server
