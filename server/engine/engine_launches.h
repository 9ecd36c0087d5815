// Launches under way: one for each engine key, however many callers wait for it and however many
// gateways there are. A launch holds the key's lock in ZooKeeper, waits its turn, starts a process
// and ends when the engine has registered itself, or with one error for everybody.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/executor.h"
#include "common/metrics.h"
#include "discovery/engine_directory.h"
#include "engine_launcher/engine_launcher.h"
#include "server/engine/engine_options.h"
#include "server/engine/engine_table.h"
#include "server/engine/launch_queue.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// What admin commands see of a launch. A value type.
struct LaunchStatus {
  EngineKey key;
  std::string run_as;
  EngineId engine;              // empty: it has no process yet
  std::optional<size_t> place;  // in the queue, from 1
  size_t callers = 0;           // calls that wait for it
  WallTime since;
  std::string waits_for;  // for people
};

// What would become of a call that needs an engine. A value type.
struct LaunchOutlook {
  std::optional<EngineId> engine;      // there is one
  std::optional<LaunchStatus> launch;  // it is being launched
  std::optional<Error> failure;        // what callers hear for a moment after a launch has failed
  std::string shortage;                // why a launch would wait; empty: it would not
};

// Confined to the `core` executor.
class EngineLaunches {
 public:
  using Waiter = std::function<void(Result<LiveEnginePtr>)>;
  using SecretOf = std::function<Secret(const EngineId&)>;

  // All borrowed, must outlive this. `changed` is called when the table has changed.
  EngineLaunches(const EngineOptions& options, discovery::EngineDirectory& directory,
                 launcher::EngineLauncher& launcher, SecretOf secret_of, EngineTable& table,
                 EventStore& store, Executor& core, Metrics& metrics,
                 std::function<void()> changed);
  ~EngineLaunches();

  void Acquire(const EngineKey& key, const std::string& run_as, Waiter waiter);

  // An engine of the key takes calls: whoever waits for one has it.
  void EngineReady(const EngineEntry& entry);
  // True if the process was one that is being launched; its launch has then failed.
  bool ProcessExited(const launcher::EngineExit& exit);
  // Ends the launch of `id` with an error for its waiters; false if it is not being launched.
  bool Abort(const EngineId& id, const std::string& why);
  // An engine has gone: a launch may have its place.
  void RoomFreed() { StartNext(); }
  // Those that are not in the queue first, then by their places.
  std::vector<LaunchStatus> List() const;
  LaunchOutlook Foresee(const EngineKey& key) const;
  // The gateway stops: launches that have no process yet fail, and no more begin.
  void Close();

 private:
  // A launch waits in the queue, takes the key's lock and starts a process; or waits for another
  // gateway that has the lock, and then queues again.
  enum class Phase { kQueued, kLocking, kElsewhere, kStarting };
  struct Launch;
  struct Failure {
    Error error;
    SteadyTime until;
  };

  Launch* Find(const EngineKey& key, uint64_t number);
  void TakeLock(Launch& launch);
  void LockAnswered(const EngineKey& key, uint64_t number, Result<bool> answer);
  void AwaitOther(Launch& launch);
  void Enqueue(Launch& launch);
  void QueueTimedOut(const EngineKey& key, uint64_t number);
  // Which limit keeps an engine of the key from being started; empty: none.
  std::string Shortage(const EngineKey& key) const;
  // Makes room for one more waiting call of `owner` by ending the newest one of whoever has most;
  // false if that is `owner`.
  bool EvictWaiter(const std::string& owner, const Error& error);
  void GiveTurnBack(Launch& launch);
  std::string WhatKeepsTheTurn() const;
  // No room: its callers hear so, and may come again at once.
  void Reject(const EngineKey& key, const std::string& why, Counter& counter);
  void StartNext();
  void StartProcess(Launch& launch);
  void Started(const EngineKey& key, uint64_t number, const Result<int64_t>& pid);
  void EndProcess(const EngineId& engine);
  void TimedOut(const EngineKey& key, uint64_t number);
  void Fail(const EngineKey& key, Error error);
  // Takes the launch out of the map and lets go of what it holds.
  std::vector<Waiter> Finish(const EngineKey& key, const char* outcome);
  void Note(const char* type, const Launch& launch, const std::string& detail);

  const EngineOptions& options_;
  discovery::EngineDirectory& directory_;
  launcher::EngineLauncher& launcher_;
  const SecretOf secret_of_;
  EngineTable& table_;
  EventStore& store_;
  Executor& core_;
  Metrics& metrics_;
  Counter& over_held_calls_;
  Counter& over_queued_;
  Counter& over_queue_timeout_;
  Gauge& queued_;
  const std::function<void()> changed_;

  uint64_t next_number_ = 1;  // tells a launch from an earlier one of the same key
  bool is_closed_ = false;
  size_t starting_ = 0;
  size_t waiting_ = 0;
  std::map<EngineKey, std::unique_ptr<Launch>> launches_;
  LaunchQueue queue_;
  std::map<EngineKey, Failure> failures_;
};

}  // namespace foxfire::server
