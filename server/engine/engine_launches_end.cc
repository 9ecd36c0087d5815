// How launches end that bring no engine.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/log.h"
#include "common/units.h"
#include "server/engine/engine_launch.h"
#include "server/engine/engine_launches.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

constexpr size_t kLogLinesForClients = 15;
constexpr Duration kForTheView = std::chrono::seconds(10);  // after what ZooKeeper says itself

}  // namespace

bool EngineLaunches::ProcessExited(const launcher::EngineExit& exit) {
  for (const auto& [key, launch] : launches_) {
    if (launch->engine != exit.id || !launch->from_spare) continue;
    SpareFailed(EngineKey(key), launch->number, exit.id, exit.how);
    return true;
  }
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
  // While this gateway stood still it may have registered, and others may use it: the view tells
  // soon, unless its node is one that nobody can read.
  using Ids = Result<std::vector<EngineId>>;
  const auto decide = [this, key, number, id = launch->engine, message](const Ids& registered) {
    // Without an answer nobody knows, and this gateway may have stood still for so long that its
    // own ZooKeeper session is over.
    const bool may_be_there =
        !registered || std::find(registered->begin(), registered->end(), id) != registered->end();
    if (!may_be_there) return GiveUpIfLate(key, number, message);
    core_.PostAfter(kForTheView,
                    [this, key, number, message] { GiveUpIfLate(key, number, message); });
  };
  directory_.EnginesOf(key, [this, decide](Ids registered) {
    core_.Post([decide, registered = std::move(registered)] { decide(registered); });
  });
}

void EngineLaunches::GiveUpIfLate(const EngineKey& key, uint64_t number, const std::string& why) {
  const Launch* const launch = Find(key, number);
  if (launch != nullptr) GiveUp(EngineId(launch->engine), why, [] {});
}

void EngineLaunches::GiveUp(const EngineId& id, const std::string& why,
                            std::function<void()> done) {
  for (const auto& [key, launch] : launches_) {
    if (launch->engine != id) continue;
    const launcher::RemoteEngine process = launch->Process();
    Abort(id, why);
    return EndProcess(process, std::move(done));
  }
  done();
}

// There may be none yet: then it is ended once it has been started.
void EngineLaunches::EndProcess(const launcher::RemoteEngine& engine, std::function<void()> done) {
  table_.GiveUp(engine.id);
  const auto killed = launcher_.Kill(engine.id);
  if (!killed && killed.error().code != Code::kNotFound) {
    Log("broker").error("ending a late engine failed: {} engine={}", killed.error().message,
                        engine.id.str());
  }
  // It may be with a cluster manager by now.
  launcher_.KillRemote(engine, [this, id = engine.id, was_here = killed.has_value(),
                                done = std::move(done)](Result<launcher::RemoteEnd> ended) {
    core_.Post([this, id, was_here, done, ended = std::move(ended)] {
      ProcessEnded(id, was_here, ended);
      done();
    });
  });
}

void EngineLaunches::ProcessEnded(const EngineId& id, bool was_here,
                                  const Result<launcher::RemoteEnd>& ended) {
  const bool has_manager = ended || ended.error().code != Code::kFailedPrecondition;
  if (ended || (was_here && !has_manager)) {
    core_.PostAfter(options_.forget_after, [this, id] { table_.ForgetGivenUp(id); });
    return;
  }
  if (has_manager) {
    Log("broker").error("ending a late engine failed: {} engine={}", ended.error().message,
                        id.str());
  }
  table_.TakeBack(id);
  not_ended_();
}

void EngineLaunches::Fail(const EngineKey& key, Error error) {
  const Launch& launch = *launches_.at(key);
  error.message = fmt::format("the Spark engine for {} could not be started: {}",
                              launch.key().owner, error.message);
  Log("broker").warn("launch failed key={} engine={}: {}", key.ToString(), launch.engine.str(),
                     error.message);
  Note(event::kEngineLaunchFailed, launch, error.message);
  ForgetEntry(launch.engine, "launch failed");
  // What one member's client has asked for must not keep the others without an engine.
  const bool is_one_callers_fault = key.User().empty() && launch.demand.has_client_conf;
  if (!is_one_callers_fault) failures_.Add(key, error, core_.clock());
  for (const Waiter& waiter : Finish(key, "failed")) waiter(tl::unexpected(error));
  changed_();
}

void EngineLaunches::ForgetEntry(const EngineId& engine, const std::string& why) {
  auto entry = table_.Remove(engine);
  if (!entry) return;
  EngineRow row = ToRow(*entry);
  row.state = EngineStateName(EngineState::kDead);
  row.ended_at = core_.clock().WallNow();
  row.end_reason = why;
  store_.Save(std::move(row));
}

std::vector<EngineLaunches::Waiter> EngineLaunches::Finish(const EngineKey& key,
                                                           const char* outcome) {
  std::vector<Waiter> waiters = TakeOut(key, outcome);
  StartNext();
  return waiters;
}

std::vector<EngineLaunches::Waiter> EngineLaunches::TakeOut(const EngineKey& key,
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
  GiveLockBack(launch);
  waiting_ -= launch.waiters.size();
  std::vector<Waiter> waiters;
  for (Waiting& waiting : launch.waiters) waiters.push_back(std::move(waiting.waiter));
  return waiters;
}

}  // namespace foxfire::server
