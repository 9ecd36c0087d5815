#include "server/store/sqlite_event_store.h"

#include <fmt/format.h>

#include <utility>

#include "common/log.h"
#include "server/store/store_database.h"
#include "server/store/store_reader.h"
#include "server/store/store_writer.h"

namespace foxfire::server {
namespace {

// What comes within it is one transaction: one for each record was half of what a small call cost.
constexpr Duration kGather = std::chrono::milliseconds(20);
constexpr Duration kCatchUp = std::chrono::seconds(1);
constexpr Duration kDropLogInterval = std::chrono::minutes(1);

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Result<std::unique_ptr<SqliteEventStore>> SqliteEventStore::Open(StoreOptions options,
                                                                 const Clock& clock,
                                                                 Metrics& metrics) {
  std::error_code error;
  const Path file = std::filesystem::absolute(options.file, error).lexically_normal();
  if (error)
    return MakeError(Code::kFailedPrecondition,
                     fmt::format("store {}: {}", options.file.string(), error.message()));
  options.file = file;
  ASSIGN_OR_RETURN(WritableDatabase database,
                   OpenForWriting(file, options.patience, options.size_max));
  ASSIGN_OR_RETURN(auto writer, StoreWriter::Create(file, std::move(database)));
  ASSIGN_OR_RETURN(auto connection, OpenForReading(file, options.patience));
  auto reader = std::make_unique<StoreReader>(file, std::move(connection));
  return std::unique_ptr<SqliteEventStore>(new SqliteEventStore(
      std::move(options), clock, metrics, std::move(writer), std::move(reader)));
}

SqliteEventStore::SqliteEventStore(StoreOptions options, const Clock& clock, Metrics& metrics,
                                   std::unique_ptr<StoreWriter> writer,
                                   std::unique_ptr<StoreReader> reader)
    : options_(std::move(options)),
      clock_(clock),
      stats_(metrics),
      queue_(options_.queue_max),
      reader_(std::move(reader)),
      writer_(std::move(writer)),
      thread_("store", thread_clock_) {}

SqliteEventStore::~SqliteEventStore() {
  Flush();
  thread_.Stop();
  const size_t lost = queue_.size();
  if (lost > 0) Log("store").error("{} records are lost file={}", lost, options_.file.string());
}

void SqliteEventStore::Append(EventRecord event) { Enqueue(std::move(event)); }
void SqliteEventStore::Save(SessionRecord session) { Enqueue(std::move(session)); }
void SqliteEventStore::Save(EngineRow engine) { Enqueue(std::move(engine)); }
void SqliteEventStore::Save(OperationRow operation) { Enqueue(std::move(operation)); }

template <typename Record>
void SqliteEventStore::Enqueue(Record record) {
  if (!queue_.Add(std::move(record))) {
    Dropped();
    return;
  }
  stats_.queued.Set(static_cast<double>(queue_.size()));
  if (!is_scheduled_.exchange(true)) thread_.PostAfter(kGather, [this] { WriteQueued(); });
  if (queue_.size() == options_.queue_max / 2 + 1) thread_.Post([this] { WriteQueued(); });
}

void SqliteEventStore::Dropped() {
  stats_.dropped.Increment();
  const SteadyTime now = clock_.Now();
  {
    MutexLock lock(state_);
    ++dropped_;
    if (drop_logged_ && now - *drop_logged_ < kDropLogInterval) return;
    drop_logged_ = now;
  }
  Log("store").error("the queue of {} records (store.queue) is full, new ones are lost file={}",
                     options_.queue_max, options_.file.string());
}

Result<std::vector<EventRecord>> SqliteEventStore::ListEvents(const EventFilter& filter) {
  CatchUp();
  return reader_->ListEvents(filter);
}

Result<std::vector<SessionRecord>> SqliteEventStore::ListSessions(const SessionFilter& filter) {
  CatchUp();
  return reader_->ListSessions(filter);
}

Result<std::vector<SessionStart>> SqliteEventStore::ListSessionStarts(
    const std::vector<TimeWindow>& windows) {
  CatchUp();
  return reader_->ListSessionStarts(windows);
}

Result<std::vector<EngineRow>> SqliteEventStore::ListEngines(size_t limit) {
  CatchUp();
  return reader_->ListEngines(limit);
}

Result<int64_t> SqliteEventStore::VerifyEvents() {
  ASSIGN_OR_RETURN(const ChainEnd end, reader_->VerifyEventChain());
  return end.seq;
}

void SqliteEventStore::CatchUp() {
  if (queue_.size() > 0 && Health()) WriteSoon().wait_for(kCatchUp);
}

void SqliteEventStore::Flush() { WriteSoon().wait(); }

std::future<void> SqliteEventStore::WriteSoon() {
  const auto done = std::make_shared<std::promise<void>>();
  thread_.Post([this, done] {
    WriteQueued();
    done->set_value();
  });
  return done->get_future();
}

Result<void> SqliteEventStore::Health() const {
  MutexLock lock(state_);
  if (problem_) return tl::unexpected(*problem_);
  if (dropped_ > 0)
    return MakeError(Code::kResourceExhausted,
                     fmt::format("store {}: its queue of {} records is full, {} are lost: use a "
                                 "faster disk or a larger store.queue",
                                 options_.file.string(), options_.queue_max, dropped_));
  return {};
}

void SqliteEventStore::Sweep() {
  thread_.Post([this] { SweepNow(); });
}

void SqliteEventStore::WriteQueued() {
  // Before the queue is emptied: what comes later schedules anew.
  is_scheduled_ = false;
  queue_.TakeInto(batch_);
  if (batch_.empty()) return;
  const SteadyTime begin = clock_.Now();
  const auto written = writer_->Write(batch_);
  stats_.batch_seconds.Observe(Seconds(clock_.Now() - begin));
  if (!written) {
    Failed(written.error());
    RetryLater();
    return;
  }
  stats_.written.Increment(static_cast<double>(batch_.size()));
  batch_ = {};
  queue_.Done();
  stats_.queued.Set(static_cast<double>(queue_.size()));
  Succeeded();
}

void SqliteEventStore::RetryLater() {
  is_scheduled_ = true;
  thread_.Cancel(retry_);
  retry_ = thread_.PostAfter(options_.retry_delay, [this] { WriteQueued(); });
}

void SqliteEventStore::SweepNow() {
  const auto age = std::chrono::duration_cast<WallTime::duration>(options_.retention);
  const auto deleted = writer_->DeleteOld({clock_.WallNow() - age, options_.rows_max});
  if (!deleted) {
    Failed(deleted.error());
    return;
  }
  if (*deleted > 0) Log("store").info("deleted old records count={}", *deleted);
  if (batch_.empty())
    Succeeded();
  else
    WriteQueued();  // there may be room now
}

void SqliteEventStore::Failed(const Error& error) {
  stats_.write_errors.Increment();
  MutexLock lock(state_);
  if (problem_ == error) return;
  problem_ = error;
  Log("store").error("{}; what is queued is kept and tried again", error.message);
}

void SqliteEventStore::Succeeded() {
  MutexLock lock(state_);
  dropped_ = 0;
  if (!problem_) return;
  problem_.reset();
  Log("store").info("writing again file={}", options_.file.string());
}

}  // namespace foxfire::server
