// What is kept: sessions, engines, operations and the events that tell their story. SQLite is
// behind it in production (sqlite_event_store.h), vectors in unit tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/result.h"

namespace foxfire::server {

// One line of the audit trail. Empty strings where a column does not apply.
struct EventRecord {
  int64_t seq = 0;  // given by the store, ascending without gaps
  WallTime time;
  std::string type;  // one of event_types.h
  std::string user;
  std::string session_id;
  std::string engine_id;
  std::string operation_id;
  std::string address;  // of the client, host:port
  std::string detail;   // for people

  bool operator==(const EventRecord&) const = default;
};

struct SessionRecord {
  std::string session_id;
  std::string user;
  std::string engine_id;
  std::string engine_key;
  std::string state;  // SessionStateName
  WallTime created_at;
  WallTime last_activity_at;
  int64_t operations = 0;  // ExecutePlan calls so far
  std::string client;      // client_type of the first request, else its user-agent
  std::string end_reason;  // empty while it lives

  bool operator==(const SessionRecord&) const = default;
};

struct EngineRow {
  std::string engine_id;
  std::string key;
  std::string owner;
  std::string state;  // EngineStateName
  std::string endpoint;
  int64_t pid = 0;
  std::string application_id;
  std::string spark_version;
  WallTime started_at;
  std::optional<WallTime> ended_at;
  std::string end_reason;

  bool operator==(const EngineRow&) const = default;
};

struct OperationRow {
  std::string operation_id;
  std::string session_id;
  std::string user;
  std::string engine_id;
  WallTime started_at;
  std::optional<WallTime> ended_at;
  int status = 0;  // gRPC code, once it has ended
  std::string address;

  bool operator==(const OperationRow&) const = default;
};

// From `begin` until before `end`. A value type.
struct TimeWindow {
  WallTime begin;
  WallTime end;
};

// That a user opened sessions of an engine key within a window.
struct SessionStart {
  std::string user;
  std::string engine_key;
  size_t window = 0;  // which of those that were asked for, from 0
  WallTime first;     // when the first one was opened

  bool operator==(const SessionStart&) const = default;
};

// Unset fields match everything.
struct EventFilter {
  std::string user;
  std::string type;
  std::string session_id;
  std::string engine_id;
  std::optional<WallTime> since;
  size_t limit = 1000;  // the newest so many, answered oldest first
};

struct SessionFilter {
  std::string user;
  std::string state;
  size_t limit = 10000;  // the newest so many by creation, answered oldest first
};

// Writes never block and never fail to the caller: they are queued for the one writer thread, and
// what goes wrong is logged, counted and shown by Health(). Reads block on the disk, and see what
// was queued before them unless that takes longer than a second. Thread-safe.
class EventStore {
 public:
  virtual ~EventStore() = default;

  virtual void Append(EventRecord event) = 0;
  // Insert or replace by (user, session_id), engine_id, (user, session_id, operation_id).
  virtual void Save(SessionRecord session) = 0;
  virtual void Save(EngineRow engine) = 0;
  virtual void Save(OperationRow operation) = 0;

  virtual Result<std::vector<EventRecord>> ListEvents(const EventFilter& filter) = 0;
  virtual Result<std::vector<SessionRecord>> ListSessions(const SessionFilter& filter) = 0;
  // Who opened sessions when: one for each user, engine key and window; by window, then user, then
  // key. Windows may overlap.
  virtual Result<std::vector<SessionStart>> ListSessionStarts(
      const std::vector<TimeWindow>& windows) = 0;
  virtual Result<std::vector<EngineRow>> ListEngines(size_t limit) = 0;

  // Returns when everything queued before the call is on disk; for shutdown and tests.
  virtual void Flush() = 0;
  // An error while what is queued cannot be written; its message names file and cure.
  virtual Result<void> Health() const = 0;
};

}  // namespace foxfire::server
