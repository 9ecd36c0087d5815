#include "server/engine/engine_launches.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "common/units.h"
#include "server/limit_refusals.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

constexpr Duration kLockRetry = std::chrono::seconds(1);  // while ZooKeeper is away
constexpr size_t kLogLinesForClients = 15;

// Who takes turns with whom. A group may be called like a user.
std::string LineOf(const EngineKey& key) {
  const std::string user = key.User();
  return user.empty() ? fmt::format("{}:{}", ShareLevelName(key.level), key.owner)
                      : fmt::format("user:{}", user);
}

Error StoppingError() { return {Code::kUnavailable, "this gateway stops; try again"}; }

}  // namespace

struct EngineLaunches::Launch {
  uint64_t number = 0;
  EngineKey key;
  std::string run_as;
  Phase phase = Phase::kQueued;
  bool has_turn = false;  // one of those that may start at the same time
  bool has_lock = false;
  WallTime since;
  EngineId engine;  // once it is starting
  SteadyTime began;
  SteadyTime queued;  // since when it is in the queue
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
    const Error full{
        Code::kResourceExhausted,
        fmt::format("{} calls wait for engines to start already (limits.held_calls)", waiting_)};
    if (!EvictWaiter(LineOf(key), full)) return waiter(tl::unexpected(full));
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
  Enqueue(*launch);
}

bool EngineLaunches::EvictWaiter(const std::string& owner, const Error& error) {
  std::map<std::string, size_t> waiting;
  for (const auto& [key, launch] : launches_) waiting[LineOf(key)] += launch->waiters.size();
  const auto most =
      std::max_element(waiting.begin(), waiting.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == waiting.end() || most->second <= waiting[owner] + 1) return false;
  for (const auto& [key, launch] : launches_) {
    if (LineOf(key) != most->first || launch->waiters.empty()) continue;
    const Waiter evicted = std::move(launch->waiters.back());
    launch->waiters.pop_back();
    --waiting_;
    // Nobody else wants it, and nothing of it has begun.
    if (launch->waiters.empty() && launch->phase == Phase::kQueued) Finish(EngineKey(key), "");
    evicted(tl::unexpected(error));
    return true;
  }
  return false;
}

EngineLaunches::Launch* EngineLaunches::Find(const EngineKey& key, uint64_t number) {
  const auto found = launches_.find(key);
  if (found == launches_.end() || found->second->number != number) return nullptr;
  return found->second.get();
}

void EngineLaunches::TakeLock(Launch& launch) {
  if (launch.phase != Phase::kLocking) {
    launch.hindrance = "ZooKeeper has not given it the launch's lock";
  }
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
  StartProcess(*launch);
}

void EngineLaunches::Enqueue(Launch& launch) {
  const EngineKey key = launch.key;
  const uint64_t number = launch.number;
  launch.phase = Phase::kQueued;
  launch.queued = core_.clock().Now();
  launch.hindrance = "other launches go first (engine.concurrent_launches)";
  queue_.Add(LineOf(key), {key, number});
  core_.Cancel(launch.deadline);
  launch.deadline =
      core_.PostAfter(options_.queue_timeout, [this, key, number] { QueueTimedOut(key, number); });
  StartNext();
  if (queue_.size() <= options_.queued_max) return;
  // Whoever has most launches there has one less.
  Reject(queue_.LastOfLongest().key,
         fmt::format("more than {} launches wait for room (limits.queued_launches)",
                     options_.queued_max),
         over_queued_);
}

// Who waits for their turn only, and not for room, has as long as a launch may take.
void EngineLaunches::QueueTimedOut(const EngineKey& key, uint64_t number) {
  Launch* const launch = Find(key, number);
  if (launch == nullptr || launch->phase != Phase::kQueued) return;
  const std::string shortage = Shortage(key);
  const Duration waited = core_.clock().Now() - launch->queued;
  if (shortage.empty() && waited < options_.launch_timeout) {
    launch->deadline = core_.PostAfter(options_.launch_timeout - waited,
                                       [this, key, number] { QueueTimedOut(key, number); });
    return;
  }
  Reject(key,
         shortage.empty() ? fmt::format("not its turn within {} (engine.launch_timeout): {}",
                                        FormatDuration(options_.launch_timeout), WhatKeepsTheTurn())
                          : fmt::format("no room within {} (limits.queue_timeout): {}",
                                        FormatDuration(options_.queue_timeout), shortage),
         over_queue_timeout_);
}

// Launches that start slowly, or one that waits for ZooKeeper.
std::string EngineLaunches::WhatKeepsTheTurn() const {
  for (const auto& [key, launch] : launches_) {
    if (launch->has_turn && launch->phase == Phase::kLocking) return launch->hindrance;
  }
  return "other launches go first (engine.concurrent_launches)";
}

std::string EngineLaunches::Shortage(const EngineKey& key) const {
  // Launches on their way to a process count like engines; one that is gone from ZooKeeper and ran
  // elsewhere does not.
  const auto count = [this](const auto& counts) {
    size_t engines = table_.CountIf([&counts](const EngineEntry& engine) {
      return (engine.registered || engine.is_local) && counts(engine.record.key, engine.is_own);
    });
    for (const auto& [other, launch] : launches_) {
      if (launch->has_turn && launch->engine.empty() && counts(other, true)) ++engines;
    }
    return engines;
  };
  const auto full = [](size_t engines, size_t most, const std::string& whose, const char* limit) {
    if (most == 0 || engines < most) return std::string();
    return fmt::format("{} engines {} run or start already (limits.{})", engines, whose, limit);
  };
  std::string what = full(count([](const EngineKey&, bool is_own) { return is_own; }),
                          options_.engines_max, "of this gateway", "engines");
  if (what.empty()) {
    what = full(count([](const EngineKey&, bool) { return true; }), options_.cluster_engines_max,
                "of the cluster", "cluster_engines");
  }
  if (!what.empty()) return what;
  const std::string line = LineOf(key);
  const size_t engines =
      count([&line](const EngineKey& other, bool) { return LineOf(other) == line; });
  const std::string user = key.User();
  return user.empty()
             ? full(engines, options_.engines_per_group, "of " + key.owner, "engines_per_group")
             : full(engines, options_.engines_per_user, "of " + user, "engines_per_user");
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

LaunchOutlook EngineLaunches::Foresee(const EngineKey& key) const {
  LaunchOutlook outlook;
  if (const EngineEntry* const ready = table_.FindReady(key)) {
    outlook.engine = ready->record.id;
    return outlook;
  }
  for (LaunchStatus& launch : List()) {
    if (launch.key == key) outlook.launch = std::move(launch);
  }
  const auto failure = failures_.find(key);
  if (failure != failures_.end() && core_.clock().Now() < failure->second.until) {
    outlook.failure = failure->second.error;
  }
  outlook.shortage = Shortage(key);
  return outlook;
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

void EngineLaunches::GiveTurnBack(Launch& launch) {
  if (!std::exchange(launch.has_turn, false)) return;
  --starting_;
}

void EngineLaunches::AwaitOther(Launch& launch) {
  launch.phase = Phase::kElsewhere;
  GiveTurnBack(launch);
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
                                       if (Launch* again = Find(key, number)) Enqueue(*again);
                                     });
                                   });
                                 });
  StartNext();
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
    Launch& launch = *Find(next->key, next->number);
    launch.has_turn = true;
    ++starting_;
    core_.Cancel(launch.deadline);
    launch.deadline = core_.PostAfter(
        options_.launch_timeout,
        [this, key = launch.key, number = launch.number] { TimedOut(key, number); });
    TakeLock(launch);
  }
  queued_.Set(static_cast<double>(queue_.size()));
}

void EngineLaunches::StartProcess(Launch& launch) {
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
  const SteadyTime now = core_.clock().Now();
  std::erase_if(failures_, [now](const auto& failure) { return failure.second.until <= now; });
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
  GiveTurnBack(launch);
  if (launch.phase == Phase::kStarting) {
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
