// Launches that wait: for room and for their turn.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "common/units.h"
#include "engine_launcher/profile.h"
#include "server/engine/engine_launch.h"
#include "server/engine/engine_launches.h"
#include "server/engine/engine_room.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

Error GoneError() { return {Code::kCancelled, "the call has ended while it waited"}; }

}  // namespace

bool EngineLaunches::EvictWaiter(const std::string& owner, const Error& error) {
  std::map<std::string, size_t> waiting;
  for (const auto& [key, launch] : launches_) waiting[OwnerLine(key)] += launch->waiters.size();
  const auto most =
      std::max_element(waiting.begin(), waiting.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == waiting.end() || most->second <= waiting[owner] + 1) return false;
  for (const auto& [key, launch] : launches_) {
    if (OwnerLine(key) != most->first || launch->waiters.empty()) continue;
    const Waiter evicted = std::move(launch->waiters.back().waiter);
    launch->waiters.pop_back();
    --waiting_;
    // Nobody else wants it, and nothing of it has begun.
    if (launch->waiters.empty() && launch->phase == Phase::kQueued) Finish(EngineKey(key), "");
    evicted(tl::unexpected(error));
    return true;
  }
  return false;
}

size_t EngineLaunches::CountCallers(const Launch& launch) {
  return static_cast<size_t>(
      std::count_if(launch.waiters.begin(), launch.waiters.end(),
                    [](const Waiting& waiting) { return !waiting.HasGone(); }));
}

bool EngineLaunches::IsAbandoned(const Launch& launch) {
  return launch.phase == Phase::kQueued && launch.is_for_callers && CountCallers(launch) == 0;
}

void EngineLaunches::DropGone() {
  std::vector<Waiter> gone;
  std::vector<EngineKey> abandoned;
  for (const auto& [key, launch] : launches_) {
    if (IsAbandoned(*launch)) {
      abandoned.push_back(key);
      continue;
    }
    for (Waiting& waiting : launch->waiters) {
      if (waiting.HasGone()) gone.push_back(std::move(waiting.waiter));
    }
    waiting_ -= std::erase_if(launch->waiters, [](const Waiting& one) { return !one.waiter; });
  }
  for (const EngineKey& key : abandoned) {
    for (Waiter& waiter : TakeOut(key, "")) gone.push_back(std::move(waiter));
  }
  queued_.Set(static_cast<double>(queue_.size()));
  for (const Waiter& waiter : gone) waiter(tl::unexpected(GoneError()));
}

void EngineLaunches::Enqueue(Launch& launch) {
  const EngineKey key = launch.key();
  const uint64_t number = launch.number;
  launch.phase = Phase::kQueued;
  launch.queued = launch.phase_began = core_.clock().Now();
  launch.hindrance = "other launches go first (engine.concurrent_launches)";
  queue_.Add(OwnerLine(key), {key, number});
  core_.Cancel(launch.deadline);
  launch.deadline =
      core_.PostAfter(options_.queue_timeout, [this, key, number] { QueueTimedOut(key, number); });
  StartNext();
  if (queue_.size() > options_.queued_max) DropGone();
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
  std::vector<EngineKey> launching;
  for (const auto& [other, launch] : launches_) {
    if (launch->phase == Phase::kLocking) launching.push_back(other);
  }
  return ShortageFor(key, options_, table_, launching);
}

void EngineLaunches::Reject(const EngineKey& key, const std::string& why, Counter& counter) {
  const Launch& launch = *launches_.at(key);
  const Error error{Code::kResourceExhausted,
                    fmt::format("no engine for {}: {}", launch.key().owner, why)};
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
  if (const Error* const failure = failures_.Current(key, core_.clock().Now()))
    outlook.failure = *failure;
  outlook.shortage = Shortage(key);
  return outlook;
}

std::vector<LaunchStatus> EngineLaunches::List() const {
  std::vector<LaunchStatus> list;
  for (const auto& [key, launch] : launches_) {
    LaunchStatus status{key,
                        launch->demand.run_as,
                        launch->engine,
                        queue_.PlaceOf(key),
                        CountCallers(*launch),
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

bool EngineLaunches::MayBindSpare(const Launch& launch) const {
  const EngineDemand& demand = launch.demand;
  // A launch that is refused for its settings anyway must not cost a spare.
  const bool is_refused =
      std::any_of(demand.spark_conf.begin(), demand.spark_conf.end(),
                  [](const auto& setting) { return launcher::IsFetchedBySubmit(setting.first); });
  return !launch.no_spare && !is_refused && !demand.overrides.NeedsOwnProcess();
}

// There is a spare for it that nobody else is on the way to.
bool EngineLaunches::HasSpareFor(const Launch& launch) const {
  if (!MayBindSpare(launch)) return false;
  const std::string& profile = launch.key().profile;
  const auto on_their_way =
      std::count_if(launches_.begin(), launches_.end(), [&profile, this](const auto& entry) {
        const Launch& other = *entry.second;
        return other.phase == Phase::kLocking && other.key().profile == profile &&
               MayBindSpare(other);
      });
  return spares_.CountReady(profile) > static_cast<size_t>(on_their_way);
}

void EngineLaunches::StartNext() {
  while (!is_closed_) {
    // To bind a spare costs next to nothing, so that needs no turn.
    const bool has_turns = starting_ < options_.concurrent_launches;
    const auto next = queue_.TakeNext([this, has_turns](const EngineKey& key) {
      const auto launch = launches_.find(key);
      const bool no_turn_needed = launch != launches_.end() && HasSpareFor(*launch->second);
      return (has_turns || no_turn_needed) && Shortage(key).empty();
    });
    if (!next) break;
    Launch& launch = *Find(next->key, next->number);
    if (IsAbandoned(launch)) {
      for (const Waiter& waiter : TakeOut(next->key, "")) waiter(tl::unexpected(GoneError()));
      continue;
    }
    launch.has_turn = !HasSpareFor(launch);
    if (launch.has_turn) ++starting_;
    ObservePhase("queue", launch.phase_began);
    core_.Cancel(launch.deadline);
    launch.deadline = core_.PostAfter(
        options_.launch_timeout,
        [this, key = launch.key(), number = launch.number] { TimedOut(key, number); });
    TakeLock(launch);
  }
  queued_.Set(static_cast<double>(queue_.size()));
  spares_.Refill();
}

}  // namespace foxfire::server
