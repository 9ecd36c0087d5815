// One launch under way; private to EngineLaunches.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/engine/engine_launches.h"

namespace foxfire::server {

struct EngineLaunches::Waiting {
  Waiter waiter;
  Over over;

  bool HasGone() const { return over != nullptr && over->load(std::memory_order_relaxed); }
};

struct EngineLaunches::Launch {
  uint64_t number = 0;
  EngineDemand demand;
  Phase phase = Phase::kQueued;
  bool has_turn = false;  // one of those that may start at the same time
  bool has_lock = false;
  WallTime since;
  EngineId engine;  // once it is starting
  bool from_spare = false;
  bool no_spare = false;  // one has failed already
  SteadyTime began;
  SteadyTime queued;       // since when it is in the queue
  SteadyTime phase_began;  // for the metrics
  TimerId deadline = 0;
  std::string hindrance;  // why it has not come further; for the error at the deadline
  std::vector<Waiting> waiters;
  bool is_for_callers = false;     // one of them has begun it
  std::function<void()> on_begin;  // once; may be empty

  const EngineKey& key() const { return demand.key; }
  // Once it is starting: what is ended if it is given up.
  launcher::RemoteEngine Process() const {
    launcher::RemoteEngine process{engine, demand.key, demand.run_as, ""};
    process.overrides = demand.overrides;
    return process;
  }
};

}  // namespace foxfire::server
