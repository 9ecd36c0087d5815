#include "server/engine/engine_launches.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/log.h"
#include "common/units.h"
#include "server/limit_refusals.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

constexpr Duration kLockRetry = std::chrono::seconds(1);  // while ZooKeeper is away
constexpr size_t kLogLinesForClients = 15;

// Whose limit counts: sessions' engines are their users'. A session id has no slash.
std::string PersonOf(const EngineKey& key) {
  if (key.level != ShareLevel::kConnection) return key.owner;
  return key.owner.substr(0, key.owner.rfind('/'));
}

Error StoppingError() { return {Code::kUnavailable, "this gateway stops; try again"}; }

}  // namespace

struct EngineLaunches::Launch {
  uint64_t number = 0;
  EngineKey key;
  std::string run_as;
  Phase phase = Phase::kLocking;
  bool has_lock = false;
  WallTime since;
  EngineId engine;  // once it is starting
  SteadyTime began;
  TimerId deadline = 0;
  std::string hindrance;  // why it has not come further; for the error at the deadline
  std::vector<Waiter> waiters;
};

EngineLaunches::EngineLaunches(const EngineOptions& options, discovery::EngineDirectory& directory,
                               launcher::EngineLauncher& launcher, SecretOf secret_of,
                               EngineTable& table, EventStore& store, Executor& core,
                               Metrics& metrics, std::function<void()> changed)
    : options_(options),
      directory_(directory),
      launcher_(launcher),
      secret_of_(std::move(secret_of)),
      table_(table),
      store_(store),
      core_(core),
      metrics_(metrics),
      over_held_calls_(LimitRefusals(metrics, "limits.held_calls")),
      over_queued_(LimitRefusals(metrics, "limits.queued_launches")),
      over_queue_timeout_(LimitRefusals(metrics, "limits.queue_timeout")),
      queued_(metrics.AddGauge("foxfire_engine_launches_queued",
                               "Launches that wait for room or for their turn.")),
      changed_(std::move(changed)) {}

EngineLaunches::~EngineLaunches() = default;

void EngineLaunches::Acquire(const EngineKey& key, const std::string& run_as, Waiter waiter) {
  const auto failure = failures_.find(key);
  if (failure != failures_.end()) {
    if (core_.clock().Now() < failure->second.until) {
      return waiter(tl::unexpected(failure->second.error));
    }
    failures_.erase(failure);
  }
  if (is_closed_) return waiter(tl::unexpected(StoppingError()));
  if (waiting_ >= options_.waiting_max) {
    over_held_calls_.Increment();
    return waiter(MakeError(
        Code::kResourceExhausted,
        fmt::format("{} calls wait for engines to start already (limits.held_calls)", waiting_)));
  }
  std::unique_ptr<Launch>& launch = launches_[key];
  if (launch != nullptr) {
    ++waiting_;
    launch->waiters.push_back(std::move(waiter));
    return;
  }
  ++waiting_;
  launch = std::make_unique<Launch>();
  launch->number = next_number_++;
  launch->key = key;
  launch->run_as = run_as;
  launch->began = core_.clock().Now();
  launch->since = core_.clock().WallNow();
  launch->waiters.push_back(std::move(waiter));
  launch->deadline = core_.PostAfter(
      options_.launch_timeout, [this, key, number = launch->number] { TimedOut(key, number); });
  TakeLock(*launch);
}

EngineLaunches::Launch* EngineLaunches::Find(const EngineKey& key, uint64_t number) {
  const auto found = launches_.find(key);
  if (found == launches_.end() || found->second->number != number) return nullptr;
  return found->second.get();
}

void EngineLaunches::TakeLock(Launch& launch) {
  launch.phase = Phase::kLocking;
  directory_.AcquireLaunchLock(
      launch.key, [this, key = launch.key, number = launch.number](Result<bool> answer) {
        core_.Post(
            [this, key, number, answer = std::move(answer)] { LockAnswered(key, number, answer); });
      });
}

void EngineLaunches::LockAnswered(const EngineKey& key, uint64_t number, Result<bool> answer) {
  Launch* launch = Find(key, number);
  if (launch == nullptr) {
    // Over before the lock was there, for example by an engine that another gateway started.
    if (answer && *answer) directory_.ReleaseLaunchLock(key, [](Result<void>) {});
    return;
  }
  if (!answer) {
    launch->hindrance = answer.error().message;
    core_.PostAfter(kLockRetry, [this, key, number] {
      if (Launch* waiting = Find(key, number)) TakeLock(*waiting);
    });
    return;
  }
  if (!*answer) return AwaitOther(*launch);
  launch->has_lock = true;
  Enqueue(*launch);
}

void EngineLaunches::Enqueue(Launch& launch) {
  if (queue_.size() >= options_.queued_max) {
    return Reject(
        EngineKey(launch.key),
        fmt::format("{} launches wait for room already (limits.queued_launches)", queue_.size()),
        over_queued_);
  }
  launch.phase = Phase::kQueued;
  launch.hindrance = "other launches go first (engine.concurrent_launches)";
  queue_.Add(launch.run_as, {launch.key, launch.number});
  core_.Cancel(launch.deadline);
  launch.deadline = core_.PostAfter(
      options_.queue_timeout,
      [this, key = launch.key, number = launch.number] { QueueTimedOut(key, number); });
  StartNext();
}

void EngineLaunches::QueueTimedOut(const EngineKey& key, uint64_t number) {
  const Launch* const launch = Find(key, number);
  if (launch == nullptr || launch->phase != Phase::kQueued) return;
  const std::string shortage = Shortage(key);
  Reject(key,
         fmt::format("no room within {} (limits.queue_timeout): {}",
                     FormatDuration(options_.queue_timeout),
                     shortage.empty() ? launch->hindrance : shortage),
         over_queue_timeout_);
}

std::string EngineLaunches::Shortage(const EngineKey& key) const {
  const auto full = [](size_t count, size_t most, const std::string& whose, const char* limit) {
    if (most == 0 || count < most) return std::string();
    return fmt::format("{} engines {} run or start already (limits.{})", count, whose, limit);
  };
  std::string what = full(table_.CountIf([](const EngineEntry& engine) { return engine.is_own; }),
                          options_.engines_max, "of this gateway", "engines");
  if (what.empty()) {
    what = full(table_.CountIf([](const EngineEntry&) { return true; }),
                options_.cluster_engines_max, "of the cluster", "cluster_engines");
  }
  const std::string owner = PersonOf(key);
  if (!what.empty() || key.level == ShareLevel::kServer) return what;
  const bool is_group = key.level == ShareLevel::kGroup;
  const size_t of_owner = table_.CountIf([&](const EngineEntry& engine) {
    const EngineKey& other = engine.record.key;
    return (other.level == ShareLevel::kGroup) == is_group && other.level != ShareLevel::kServer &&
           PersonOf(other) == owner;
  });
  return is_group ? full(of_owner, options_.engines_per_group, "of " + owner, "engines_per_group")
                  : full(of_owner, options_.engines_per_user, "of " + owner, "engines_per_user");
}

void EngineLaunches::Reject(const EngineKey& key, const std::string& why, Counter& counter) {
  const Launch& launch = *launches_.at(key);
  const Error error{Code::kResourceExhausted,
                    fmt::format("no engine for {}: {}", launch.key.owner, why)};
  Log("broker").warn("launch rejected key={}: {}", key.ToString(), error.message);
  Note(event::kEngineLaunchFailed, launch, error.message);
  counter.Increment();
  for (const Waiter& waiter : Finish(key, "rejected")) waiter(tl::unexpected(error));
}

std::vector<LaunchStatus> EngineLaunches::List() const {
  std::vector<LaunchStatus> list;
  for (const auto& [key, launch] : launches_) {
    LaunchStatus status{key,
                        launch->run_as,
                        launch->engine,
                        queue_.PlaceOf(key),
                        launch->waiters.size(),
                        launch->since,
                        launch->hindrance};
    if (const std::string shortage = Shortage(key);
        launch->phase == Phase::kQueued && !shortage.empty()) {
      status.waits_for = shortage;
    }
    list.push_back(std::move(status));
  }
  const auto order = [](const LaunchStatus& launch) {
    return std::pair(launch.place.value_or(0), launch.since);
  };
  std::stable_sort(list.begin(), list.end(), [order](const LaunchStatus& a, const LaunchStatus& b) {
    return order(a) < order(b);
  });
  return list;
}

void EngineLaunches::AwaitOther(Launch& launch) {
  launch.phase = Phase::kElsewhere;
  launch.hindrance = "another gateway is starting this engine";
  directory_.AwaitLaunchLockFree(launch.key,
                                 [this, key = launch.key, number = launch.number](Result<void>) {
                                   core_.Post([this, key, number] {
                                     Launch* waiting = Find(key, number);
                                     if (waiting == nullptr) return;
                                     if (const EngineEntry* ready = table_.FindReady(key))
                                       return EngineReady(*ready);
                                     // The view may be a moment behind the lock; one more look at
                                     // the lock gives it time.
                                     core_.PostAfter(kLockRetry / 10, [this, key, number] {
                                       if (Launch* again = Find(key, number)) TakeLock(*again);
                                     });
                                   });
                                 });
}

void EngineLaunches::Close() {
  is_closed_ = true;
  std::vector<EngineKey> without_process;
  for (const auto& [key, launch] : launches_) {
    if (launch->phase != Phase::kStarting) without_process.push_back(key);
  }
  for (const EngineKey& key : without_process) Fail(key, StoppingError());
}

void EngineLaunches::StartNext() {
  while (!is_closed_ && starting_ < options_.concurrent_launches) {
    const auto next =
        queue_.TakeNext([this](const EngineKey& key) { return Shortage(key).empty(); });
    if (!next) break;
    StartProcess(*Find(next->key, next->number));
  }
  queued_.Set(static_cast<double>(queue_.size()));
}

void EngineLaunches::StartProcess(Launch& launch) {
  ++starting_;
  launch.phase = Phase::kStarting;
  launch.hindrance = "it has not registered itself in ZooKeeper";
  core_.Cancel(launch.deadline);
  launch.deadline =
      core_.PostAfter(options_.launch_timeout,
                      [this, key = launch.key, number = launch.number] { TimedOut(key, number); });
  launch.engine = EngineId(NewUuid());
  EngineEntry& entry = table_.Add(launch.engine);
  entry.record.key = launch.key;
  entry.record.run_as = launch.run_as;
  entry.record.started_at = core_.clock().WallNow();
  entry.is_local = true;
  entry.is_own = true;
  entry.secret = secret_of_(launch.engine);
  changed_();
  Note(event::kEngineLaunching, launch, fmt::format("for {} waiting calls", launch.waiters.size()));
  launcher_.Launch({launch.engine, launch.key, launch.run_as, entry.secret},
                   [this, key = launch.key, number = launch.number,
                    engine = launch.engine](Result<int64_t> pid) {
                     core_.Post([this, key, number, engine, pid = std::move(pid)] {
                       if (Find(key, number) != nullptr) return Started(key, number, pid);
                       // Either it was quicker to register than we were to hear of its start, or
                       // its launch was given up before there was a process to end.
                       if (pid && table_.Find(engine) == nullptr) EndProcess(engine);
                     });
                   });
}

void EngineLaunches::Started(const EngineKey& key, uint64_t number, const Result<int64_t>& pid) {
  const Launch* launch = Find(key, number);
  if (!pid) return Fail(key, {Code::kFailedPrecondition, pid.error().message});
  if (EngineEntry* entry = table_.Find(launch->engine)) {
    entry->record.pid = *pid;
    store_.Save(ToRow(*entry));
    changed_();
  }
}

void EngineLaunches::EngineReady(const EngineEntry& entry) {
  const auto found = launches_.find(entry.record.key);
  if (found == launches_.end()) return;
  const Launch& launch = *found->second;
  if (launch.phase == Phase::kStarting && launch.engine != entry.record.id) return;
  const auto engine = std::make_shared<const LiveEngine>(ToLive(entry));
  const auto took = core_.clock().Now() - launch.began;
  metrics_
      .AddHistogram("foxfire_engine_launch_seconds", "From the first waiting call to registration.",
                    {1, 2, 3, 5, 8, 13, 21, 34, 55, 120, 300})
      .Observe(std::chrono::duration<double>(took).count());
  for (const Waiter& waiter : Finish(entry.record.key, "ready")) waiter(engine);
}

bool EngineLaunches::ProcessExited(const launcher::EngineExit& exit) {
  return Abort(exit.id, "it ended with " + exit.how);
}

bool EngineLaunches::Abort(const EngineId& id, const std::string& why) {
  for (const auto& [key, launch] : launches_) {
    if (launch->engine != id) continue;
    std::string message = why;
    const auto tail = launcher_.LogTail(id, kLogLinesForClients);
    if (tail && !tail->empty()) message += ". The end of its log:\n" + *tail;
    Fail(EngineKey(key), {Code::kFailedPrecondition, std::move(message)});
    return true;
  }
  return false;
}

void EngineLaunches::TimedOut(const EngineKey& key, uint64_t number) {
  Launch* launch = Find(key, number);
  if (launch == nullptr) return;
  std::string message = fmt::format("not there after {} (engine.launch_timeout): {}",
                                    FormatDuration(options_.launch_timeout), launch->hindrance);
  if (launch->phase != Phase::kStarting) {
    return Fail(key, {Code::kFailedPrecondition, std::move(message)});
  }
  const EngineId engine = launch->engine;
  Abort(engine, message);
  EndProcess(engine);
}

// There may be none yet: then it is ended once it has been started.
void EngineLaunches::EndProcess(const EngineId& engine) {
  const auto killed = launcher_.Kill(engine);
  if (!killed && killed.error().code != Code::kNotFound) {
    Log("broker").error("ending a late engine failed: {} engine={}", killed.error().message,
                        engine.str());
  }
}

void EngineLaunches::Fail(const EngineKey& key, Error error) {
  const Launch& launch = *launches_.at(key);
  error.message = fmt::format("the Spark engine for {} could not be started: {}", launch.key.owner,
                              error.message);
  Log("broker").warn("launch failed key={} engine={}: {}", key.ToString(), launch.engine.str(),
                     error.message);
  Note(event::kEngineLaunchFailed, launch, error.message);
  if (auto entry = table_.Remove(launch.engine)) {
    EngineRow row = ToRow(*entry);
    row.state = EngineStateName(EngineState::kDead);
    row.ended_at = core_.clock().WallNow();
    row.end_reason = "launch failed";
    store_.Save(std::move(row));
  }
  failures_[key] = {error, core_.clock().Now() + options_.launch_backoff};
  for (const Waiter& waiter : Finish(key, "failed")) waiter(tl::unexpected(error));
  changed_();
}

std::vector<EngineLaunches::Waiter> EngineLaunches::Finish(const EngineKey& key,
                                                           const char* outcome) {
  auto node = launches_.extract(key);
  Launch& launch = *node.mapped();
  core_.Cancel(launch.deadline);
  queue_.Remove(key);
  if (launch.phase == Phase::kStarting) {
    --starting_;
    metrics_
        .AddCounter("foxfire_engine_launches_total", "Launches by outcome.", {{"outcome", outcome}})
        .Increment();
  }
  if (launch.has_lock) {
    directory_.ReleaseLaunchLock(launch.key, [](const Result<void>& released) {
      // If ZooKeeper is away the lock goes with the gateway's session.
      if (!released) Log("broker").warn("releasing a launch lock: {}", released.error().message);
    });
  }
  waiting_ -= launch.waiters.size();
  StartNext();
  return std::move(launch.waiters);
}

void EngineLaunches::Note(const char* type, const Launch& launch, const std::string& detail) {
  EventRecord event;
  event.time = core_.clock().WallNow();
  event.type = type;
  event.user = launch.run_as;
  event.engine_id = launch.engine.str();
  event.detail = fmt::format("{} key={}", detail, launch.key.ToString());
  store_.Append(std::move(event));
}

}  // namespace foxfire::server
