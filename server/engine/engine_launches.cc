#include "server/engine/engine_launches.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "common/units.h"
#include "server/engine/engine_launch.h"
#include "server/engine/engine_room.h"
#include "server/limit_refusals.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

constexpr Duration kLockRetry = std::chrono::seconds(1);  // while ZooKeeper is away
constexpr int kLooksAtTheView = 20;                       // a tenth of that apart

Error StoppingError() { return {Code::kUnavailable, "this gateway stops; try again"}; }

}  // namespace

EngineLaunches::EngineLaunches(const EngineOptions& options, discovery::EngineDirectory& directory,
                               launcher::EngineLauncher& launcher, SecretOf secret_of,
                               EngineTable& table, EventStore& store, Executor& core,
                               Metrics& metrics, std::function<void()> changed,
                               std::function<void()> not_ended)
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
      changed_(std::move(changed)),
      not_ended_(std::move(not_ended)),
      failures_(options.launch_backoff, options.launch_backoff_max),
      spares_(
          options, launcher, secret_of_, store, core, metrics, [this] { return IsIdle(); },
          [this] { core_.Post([this] { StartNext(); }); }) {}

EngineLaunches::~EngineLaunches() = default;

void EngineLaunches::Acquire(const EngineDemand& demand, Waiter waiter, Over over) {
  const EngineKey& key = demand.key;
  if (const Error* const failure = failures_.Current(key, core_.clock().Now()))
    return waiter(tl::unexpected(*failure));
  if (is_closed_) return waiter(tl::unexpected(StoppingError()));
  if (waiting_ >= options_.waiting_max) DropGone();
  if (waiting_ >= options_.waiting_max) {
    over_held_calls_.Increment();
    const Error full{
        Code::kResourceExhausted,
        fmt::format("{} calls wait for engines to start already (limits.held_calls)", waiting_)};
    if (!EvictWaiter(OwnerLine(key), full)) return waiter(tl::unexpected(full));
  }
  ++waiting_;
  const auto found = launches_.find(key);
  if (found != launches_.end()) {
    found->second->waiters.push_back({std::move(waiter), std::move(over)});
    return;
  }
  Launch& launch = Add(demand);
  launch.waiters.push_back({std::move(waiter), std::move(over)});
  launch.is_for_callers = true;
  Enqueue(launch);
}

bool EngineLaunches::Grow(const EngineDemand& demand) {
  // Whoever waits goes first, and a full queue must not lose anybody for this.
  const bool is_wanted = !is_closed_ && queue_.size() == 0 && launches_.count(demand.key) == 0 &&
                         failures_.Current(demand.key, core_.clock().Now()) == nullptr &&
                         Shortage(demand.key).empty();
  if (is_wanted) Enqueue(Add(demand));
  return is_wanted;
}

bool EngineLaunches::StartAhead(const EngineDemand& demand, std::function<void()> begun) {
  const bool is_wanted = launches_.empty() && LeavesHalfFree(options_, table_) &&
                         table_.FindReady(demand.key) == nullptr && Grow(demand);
  if (is_wanted) launches_.at(demand.key)->on_begin = std::move(begun);
  return is_wanted;
}

EngineLaunches::Launch& EngineLaunches::Add(const EngineDemand& demand) {
  std::unique_ptr<Launch>& launch = launches_[demand.key];
  launch = std::make_unique<Launch>();
  launch->number = next_number_++;
  launch->demand = demand;
  launch->began = core_.clock().Now();
  launch->since = core_.clock().WallNow();
  return *launch;
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
  launch.phase_began = core_.clock().Now();
  directory_.AcquireLaunchLock(
      launch.key(), [this, key = launch.key(), number = launch.number](Result<bool> answer) {
        core_.Post(
            [this, key, number, answer = std::move(answer)] { LockAnswered(key, number, answer); });
      });
}

void EngineLaunches::LockAnswered(const EngineKey& key, uint64_t number, Result<bool> answer) {
  Launch* launch = Find(key, number);
  if (launch == nullptr) {
    // Over before the lock was there, for example by an engine that another gateway started.
    if (answer && *answer) ReleaseLock(key);
    return;
  }
  if (!answer) return RetryLock(*launch, answer.error().message);
  if (!*answer) return AwaitOther(*launch);
  launch->has_lock = true;
  directory_.EnginesOf(key, [this, key, number](Result<std::vector<EngineId>> registered) {
    core_.Post([this, key, number, registered = std::move(registered)] {
      if (registered) return EnginesListed(key, number, *registered, kLooksAtTheView);
      Launch* const unsure = Find(key, number);
      if (unsure == nullptr) return;
      // There may be one already, and ZooKeeper is not there for a new one either.
      GiveLockBack(*unsure);
      RetryLock(*unsure, registered.error().message);
    });
  });
}

void EngineLaunches::RetryLock(Launch& launch, const std::string& hindrance) {
  launch.hindrance = hindrance;
  core_.PostAfter(kLockRetry, [this, key = launch.key(), number = launch.number] {
    if (Launch* waiting = Find(key, number)) TakeLock(*waiting);
  });
}

void EngineLaunches::EnginesListed(const EngineKey& key, uint64_t number,
                                   const std::vector<EngineId>& registered, int looks_left) {
  Launch* const launch = Find(key, number);
  if (launch == nullptr) return;  // the view has told of an engine meanwhile
  const bool is_behind = std::any_of(
      registered.begin(), registered.end(),
      [this](const EngineId& id) { return table_.Find(id) == nullptr && !table_.IsDead(id); });
  // A node that nobody can read is never in the view, so there is an end to it.
  if (!is_behind || looks_left == 0) return BeginStarting(*launch);
  launch->hindrance = "another gateway has just started one";
  core_.PostAfter(kLockRetry / 10, [this, key, number, registered, looks_left] {
    EnginesListed(key, number, registered, looks_left - 1);
  });
}

void EngineLaunches::GiveTurnBack(Launch& launch) {
  if (!std::exchange(launch.has_turn, false)) return;
  --starting_;
}

void EngineLaunches::GiveLockBack(Launch& launch) {
  if (std::exchange(launch.has_lock, false)) ReleaseLock(launch.key());
}

void EngineLaunches::ReleaseLock(const EngineKey& key) {
  directory_.ReleaseLaunchLock(key, [](const Result<void>& released) {
    // If ZooKeeper is away the lock goes with the gateway's session.
    if (!released) Log("broker").warn("releasing a launch lock: {}", released.error().message);
  });
}

bool EngineLaunches::IsIdle() const {
  return queue_.size() == 0 &&
         std::none_of(launches_.begin(), launches_.end(), [](const auto& entry) {
           return entry.second->phase == Phase::kLocking || entry.second->phase == Phase::kStarting;
         });
}

void EngineLaunches::AwaitOther(Launch& launch) {
  launch.phase = Phase::kElsewhere;
  GiveTurnBack(launch);
  launch.hindrance = "another gateway is starting this engine";
  directory_.AwaitLaunchLockFree(launch.key(),
                                 [this, key = launch.key(), number = launch.number](Result<void>) {
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
  spares_.Close();
  std::vector<EngineKey> without_process;
  for (const auto& [key, launch] : launches_) {
    if (launch->phase != Phase::kStarting) without_process.push_back(key);
  }
  for (const EngineKey& key : without_process) Fail(key, StoppingError());
}

void EngineLaunches::BeginStarting(Launch& launch) {
  ObservePhase("lock", launch.phase_began);
  if (const auto on_begin = std::exchange(launch.on_begin, nullptr)) on_begin();
  if (!BindSpare(launch)) StartInTurn(launch);
}

// One that counted on a spare has no turn yet.
void EngineLaunches::StartInTurn(Launch& launch) {
  if (!launch.has_turn && starting_ >= options_.concurrent_launches) {
    launch.no_spare = true;
    launch.engine = EngineId();
    GiveLockBack(launch);
    return Enqueue(launch);
  }
  if (!std::exchange(launch.has_turn, true)) ++starting_;
  StartProcess(launch);
}

launcher::LaunchRequest EngineLaunches::RequestOf(const Launch& launch) const {
  launcher::LaunchRequest request;
  request.id = launch.engine;
  request.key = launch.key();
  request.run_as = launch.demand.run_as;
  request.secret = secret_of_(launch.engine);
  request.spark_conf = launch.demand.spark_conf;
  request.overrides = launch.demand.overrides;
  request.report_load = launch.demand.pool_size > 1;
  return request;
}

void EngineLaunches::AddEntry(const Launch& launch, int64_t pid) {
  EngineEntry& entry = table_.Add(launch.engine);
  entry.record.key = launch.key();
  entry.record.run_as = launch.demand.run_as;
  entry.record.started_at = core_.clock().WallNow();
  entry.record.pid = pid;
  entry.is_local = true;
  entry.is_own = true;
  entry.secret = secret_of_(launch.engine);
  if (pid != 0) store_.Save(ToRow(entry));
  changed_();
  Note(event::kEngineLaunching, launch,
       fmt::format("{}for {} waiting calls", launch.from_spare ? "from a warm spare, " : "",
                   CountCallers(launch)));
}

bool EngineLaunches::BindSpare(Launch& launch) {
  if (!MayBindSpare(launch)) return false;
  const auto spare = spares_.Take(launch.key().profile);
  if (!spare) return false;
  launch.phase = Phase::kStarting;
  launch.phase_began = core_.clock().Now();
  launch.from_spare = true;
  launch.engine = spare->id;
  launch.hindrance = "the spare has not registered itself in ZooKeeper";
  AddEntry(launch, spare->pid);
  const auto failed = [this, key = launch.key(), number = launch.number, id = spare->id](
                          const std::string& why) { SpareFailed(key, number, id, why); };
  core_.Cancel(launch.deadline);
  launch.deadline = core_.PostAfter(options_.bind_timeout, [this, failed] {
    failed(fmt::format("not registered after {}", FormatDuration(options_.bind_timeout)));
  });
  launcher_.BindSpare(RequestOf(launch), [this, failed](Result<void> bound) {
    if (bound) return;
    core_.Post([failed, why = bound.error().message] { failed(why); });
  });
  return true;
}

void EngineLaunches::SpareFailed(const EngineKey& key, uint64_t number, const EngineId& spare,
                                 const std::string& why) {
  Launch* const launch = Find(key, number);
  if (launch == nullptr || launch->engine != spare) return;
  Log("broker").warn("binding a warm spare failed key={} engine={}: {}", key.ToString(),
                     spare.str(), why);
  Note(event::kSpareBindFailed, *launch, why);
  ForgetEntry(spare, "it could not be bound");
  EndProcess({spare, key, "", ""}, [] {});
  launch->from_spare = false;
  launch->no_spare = true;
  StartInTurn(*launch);
}

void EngineLaunches::StartProcess(Launch& launch) {
  launch.phase = Phase::kStarting;
  launch.phase_began = core_.clock().Now();
  launch.hindrance = "it has not registered itself in ZooKeeper";
  core_.Cancel(launch.deadline);
  launch.deadline = core_.PostAfter(
      options_.launch_timeout,
      [this, key = launch.key(), number = launch.number] { TimedOut(key, number); });
  launch.engine = EngineId(NewUuid());
  AddEntry(launch, 0);
  const launcher::RemoteEngine engine = launch.Process();
  launcher_.Launch(RequestOf(launch), [this, number = launch.number, engine](Result<int64_t> pid) {
    core_.Post([this, number, engine, pid = std::move(pid)] {
      const EngineKey& key = engine.key;
      if (Find(key, number) != nullptr) return Started(key, number, pid);
      // Either it was quicker to register than we were to hear of its start, or its launch was
      // given up before there was a process to end.
      if (pid && table_.Find(engine.id) == nullptr) EndProcess(engine, [] {});
    });
  });
}

void EngineLaunches::Started(const EngineKey& key, uint64_t number, const Result<int64_t>& pid) {
  const Launch* launch = Find(key, number);
  if (!pid) return Fail(key, {Code::kFailedPrecondition, pid.error().message});
  if (EngineEntry* entry = table_.Find(launch->engine)) {
    entry->record.pid = *pid;
    entry->is_local = *pid != 0;
    store_.Save(ToRow(*entry));
    changed_();
  }
}

void EngineLaunches::EngineReady(const EngineEntry& entry) {
  const auto found = launches_.find(entry.record.key);
  if (found == launches_.end()) return failures_.Clear(entry.record.key);
  const Launch& launch = *found->second;
  if (launch.phase == Phase::kStarting && launch.engine != entry.record.id) return;
  failures_.Clear(entry.record.key);
  if (launch.phase == Phase::kStarting)
    ObservePhase(launch.from_spare ? "bind" : "start", launch.phase_began);
  const auto engine = std::make_shared<const LiveEngine>(ToLive(entry));
  const auto took = core_.clock().Now() - launch.began;
  metrics_
      .AddHistogram("foxfire_engine_launch_seconds", "From the first waiting call to registration.",
                    {1, 2, 3, 5, 8, 13, 21, 34, 55, 120, 300})
      .Observe(std::chrono::duration<double>(took).count());
  for (const Waiter& waiter : Finish(entry.record.key, "ready")) waiter(engine);
}

void EngineLaunches::ObservePhase(const char* phase, SteadyTime since) {
  metrics_
      .AddHistogram("foxfire_engine_launch_phase_seconds",
                    "What launches spend their time with: queue, lock, then start or bind.",
                    {0.1, 0.2, 0.5, 1, 2, 3, 5, 8, 13, 21, 34, 55, 120, 300}, {{"phase", phase}})
      .Observe(std::chrono::duration<double>(core_.clock().Now() - since).count());
}

void EngineLaunches::Note(const char* type, const Launch& launch, const std::string& detail) {
  EventRecord event;
  event.time = core_.clock().WallNow();
  event.type = type;
  event.user = launch.demand.run_as;
  event.engine_id = launch.engine.str();
  event.detail = fmt::format("{} key={}", detail, launch.key().ToString());
  store_.Append(std::move(event));
}

}  // namespace foxfire::server
