// The EventStore of production: one SQLite file for each gateway.
#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/files.h"
#include "common/metrics.h"
#include "common/mutex.h"
#include "common/task_thread.h"
#include "server/store/event_store.h"
#include "server/store/store_stats.h"
#include "server/store/write_batch.h"
#include "server/store/write_queue.h"

namespace foxfire::server {

class StoreReader;
class StoreWriter;

struct StoreOptions {
  Path file;                                         // store.file
  size_t queue_max = 100000;                         // store.queue
  Duration retention = std::chrono::hours(24) * 90;  // store.retention
  int64_t rows_max = 10'000'000;                     // see Retention
  uint64_t size_max = 0;                             // bytes of the file; 0: no limit
  Duration retry_delay = std::chrono::seconds(1);    // after a transaction that failed
  Duration patience = std::chrono::seconds(5);       // for other processes that hold the file
};

// Writes are queued; the thread `store` writes all that waits in one transaction. What cannot be
// written stays in the queue and is tried again; when the queue is full, new records are dropped,
// counted and logged. Times are kept to the millisecond. Thread-safe.
class SqliteEventStore final : public EventStore {
 public:
  // Errors name the file and the cure. `clock` and `metrics` must outlive this.
  static Result<std::unique_ptr<SqliteEventStore>> Open(StoreOptions options, const Clock& clock,
                                                        Metrics& metrics);
  // Tries once more to write what is queued.
  ~SqliteEventStore() override;

  void Append(EventRecord event) override;
  void Save(SessionRecord session) override;
  void Save(EngineRow engine) override;
  void Save(OperationRow operation) override;

  Result<std::vector<EventRecord>> ListEvents(const EventFilter& filter) override;
  Result<std::vector<SessionRecord>> ListSessions(const SessionFilter& filter) override;
  Result<std::vector<SessionStart>> ListSessionStarts(
      const std::vector<TimeWindow>& windows) override;
  Result<std::vector<EngineRow>> ListEngines(size_t limit) override;

  // Also returns when an attempt to write has failed: Health() says so.
  void Flush() override;
  Result<void> Health() const override;

  // Has the store's thread delete what is older than the retention. Does not wait; for a timer.
  void Sweep();

  // The number of the last event, or DATA_LOSS naming the first one that does not fit. Reads every
  // event: for people who ask, not for every start.
  Result<int64_t> VerifyEvents();

 private:
  SqliteEventStore(StoreOptions options, const Clock& clock, Metrics& metrics,
                   std::unique_ptr<StoreWriter> writer, std::unique_ptr<StoreReader> reader);

  template <typename Record>
  void Enqueue(Record record);
  void Dropped() EXCLUDES(state_);
  // Before a read. Waits a second at most, and not for a disk that is known to be broken.
  void CatchUp();
  // Ready when what is queued now has been written, or could not be.
  std::future<void> WriteSoon();

  // On the store's thread.
  void WriteQueued();
  void SweepNow();
  void Failed(const Error& error) EXCLUDES(state_);
  void Succeeded() EXCLUDES(state_);
  void RetryLater();

  const StoreOptions options_;
  const Clock& clock_;

  // Provide their own synchronization.
  StoreStats stats_;
  WriteQueue queue_;
  const std::unique_ptr<StoreReader> reader_;
  std::atomic<bool> is_scheduled_{false};  // the thread will look at the queue

  mutable Mutex state_;
  std::optional<Error> problem_ GUARDED_BY(state_);
  int64_t dropped_ GUARDED_BY(state_) = 0;  // since the last successful transaction
  std::optional<SteadyTime> drop_logged_ GUARDED_BY(state_);

  // Confined to the store's thread.
  const std::unique_ptr<StoreWriter> writer_;
  WriteBatch batch_;  // taken, not yet written
  TimerId retry_ = 0;

  const SystemClock thread_clock_;  // retries wait in real time, also under a test's clock
  TaskThread thread_;               // last: it uses all of the above
};

}  // namespace foxfire::server
