// An EventStore in memory; passes the same contract tests as SqliteEventStore.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// Writes are there at once. Thread-safe.
class InMemoryEventStore final : public EventStore {
 public:
  void Append(EventRecord event) override {
    MutexLock lock(mutex_);
    event.seq = static_cast<int64_t>(events_.size()) + 1;
    events_.push_back(std::move(event));
  }
  void Save(SessionRecord session) override {
    MutexLock lock(mutex_);
    sessions_[{session.user, session.session_id}] = std::move(session);
  }
  void Save(EngineRow engine) override {
    MutexLock lock(mutex_);
    engines_[engine.engine_id] = std::move(engine);
  }
  void Save(OperationRow operation) override {
    MutexLock lock(mutex_);
    operations_[{operation.user, operation.session_id, operation.operation_id}] =
        std::move(operation);
  }

  Result<std::vector<EventRecord>> ListEvents(const EventFilter& filter) override;
  Result<std::vector<SessionRecord>> ListSessions(const SessionFilter& filter) override;
  Result<std::vector<SessionStart>> ListSessionStarts(
      const std::vector<TimeWindow>& windows) override;
  Result<std::vector<EngineRow>> ListEngines(size_t limit) override;

  void Flush() override {}
  Result<void> Health() const override {
    MutexLock lock(mutex_);
    return health_;
  }

  // For tests.

  void SetHealth(Result<void> health) {
    MutexLock lock(mutex_);
    health_ = std::move(health);
  }
  // From now on every List… fails with `error`.
  void FailReads(Error error) {
    MutexLock lock(mutex_);
    read_error_ = std::move(error);
  }
  std::vector<EventRecord> events() const {
    MutexLock lock(mutex_);
    return events_;
  }
  // The types of all events, in order.
  std::vector<std::string> EventTypes() const {
    std::vector<std::string> types;
    for (const EventRecord& event : events()) types.push_back(event.type);
    return types;
  }
  std::vector<OperationRow> operations() const {
    MutexLock lock(mutex_);
    std::vector<OperationRow> rows;
    for (const auto& [key, row] : operations_) rows.push_back(row);
    return rows;
  }

 private:
  static bool Matches(const std::string& wanted, const std::string& value) {
    return wanted.empty() || wanted == value;
  }
  // The last `limit` of `rows`.
  template <typename T>
  static std::vector<T> Newest(std::vector<T> rows, size_t limit) {
    if (rows.size() > limit)
      rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(limit));
    return rows;
  }

  mutable Mutex mutex_;
  Result<void> health_ GUARDED_BY(mutex_);
  Error read_error_ GUARDED_BY(mutex_){Code::kOk, {}};
  std::vector<EventRecord> events_ GUARDED_BY(mutex_);
  std::map<std::pair<std::string, std::string>, SessionRecord> sessions_ GUARDED_BY(mutex_);
  std::map<std::string, EngineRow> engines_ GUARDED_BY(mutex_);
  std::map<std::tuple<std::string, std::string, std::string>, OperationRow> operations_
      GUARDED_BY(mutex_);
};

inline Result<std::vector<EventRecord>> InMemoryEventStore::ListEvents(const EventFilter& filter) {
  MutexLock lock(mutex_);
  if (read_error_.code != Code::kOk) return tl::unexpected(read_error_);
  std::vector<EventRecord> found;
  for (const EventRecord& event : events_) {
    if (Matches(filter.user, event.user) && Matches(filter.type, event.type) &&
        Matches(filter.session_id, event.session_id) &&
        Matches(filter.engine_id, event.engine_id) &&
        (!filter.since || event.time >= *filter.since))
      found.push_back(event);
  }
  return Newest(std::move(found), filter.limit);
}

inline Result<std::vector<SessionRecord>> InMemoryEventStore::ListSessions(
    const SessionFilter& filter) {
  MutexLock lock(mutex_);
  if (read_error_.code != Code::kOk) return tl::unexpected(read_error_);
  std::vector<SessionRecord> found;
  for (const auto& [key, session] : sessions_) {
    if (Matches(filter.user, session.user) && Matches(filter.state, session.state))
      found.push_back(session);
  }
  std::stable_sort(found.begin(), found.end(), [](const SessionRecord& a, const SessionRecord& b) {
    return a.created_at < b.created_at;
  });
  return Newest(std::move(found), filter.limit);
}

inline Result<std::vector<SessionStart>> InMemoryEventStore::ListSessionStarts(
    const std::vector<TimeWindow>& windows) {
  MutexLock lock(mutex_);
  if (read_error_.code != Code::kOk) return tl::unexpected(read_error_);
  std::vector<SessionStart> starts;
  for (size_t window = 0; window < windows.size(); ++window) {
    std::map<std::pair<std::string, std::string>, WallTime> first;
    for (const auto& [key, session] : sessions_) {
      const WallTime at = session.created_at;
      if (at < windows[window].begin || at >= windows[window].end) continue;
      WallTime& earliest = first.try_emplace({session.user, session.engine_key}, at).first->second;
      earliest = std::min(earliest, at);
    }
    for (const auto& [whose, at] : first) starts.push_back({whose.first, whose.second, window, at});
  }
  return starts;
}

inline Result<std::vector<EngineRow>> InMemoryEventStore::ListEngines(size_t limit) {
  MutexLock lock(mutex_);
  if (read_error_.code != Code::kOk) return tl::unexpected(read_error_);
  std::vector<EngineRow> found;
  for (const auto& [key, engine] : engines_) found.push_back(engine);
  std::stable_sort(found.begin(), found.end(), [](const EngineRow& a, const EngineRow& b) {
    return a.started_at < b.started_at;
  });
  return Newest(std::move(found), limit);
}

}  // namespace foxfire::server
