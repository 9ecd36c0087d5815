// Launches under way: one for each engine key, however many callers wait for it and however many
// gateways there are. A launch waits its turn, holds the key's lock in ZooKeeper, binds a warm
// spare or starts a process, and ends when the engine has registered itself, or with one error for
// everybody.
#pragma once

#include <atomic>
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
#include "server/engine/launch_failures.h"
#include "server/engine/launch_queue.h"
#include "server/engine/warm_spares.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// What admin commands see of a launch. A value type.
struct LaunchStatus {
  EngineKey key;
  std::string run_as;
  EngineId engine;              // empty: it has no process yet
  std::optional<size_t> place;  // in the queue, from 1
  size_t callers = 0;           // calls that wait for it and are not over
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
  // True once nobody waits for the answer any more; null: it never is.
  using Over = std::shared_ptr<const std::atomic<bool>>;
  using SecretOf = std::function<Secret(const EngineId&)>;

  // All borrowed, must outlive this. `changed` is called when the table has changed, `not_ended`
  // when an engine that was given up could not be ended: it may be registered, and be used.
  EngineLaunches(const EngineOptions& options, discovery::EngineDirectory& directory,
                 launcher::EngineLauncher& launcher, SecretOf secret_of, EngineTable& table,
                 EventStore& store, Executor& core, Metrics& metrics, std::function<void()> changed,
                 std::function<void()> not_ended);
  ~EngineLaunches();

  // Waiters that are over count for nothing: a launch whose last one is ends when its turn comes,
  // or when there is no room to wait. One that has begun goes on.
  void Acquire(const EngineDemand& demand, Waiter waiter, Over over = nullptr);
  // Starts one more for a key that has some already, if nothing speaks against it now; nobody waits
  // for it. False: it has not begun.
  bool Grow(const EngineDemand& demand);
  // The same for a key that has none and whose user is expected; only while no launch is under way
  // and at least half of the room stays free. `begun` is called once it is this gateway that starts
  // the engine.
  bool StartAhead(const EngineDemand& demand, std::function<void()> begun);

  // An engine of the key takes calls: whoever waits for one has it.
  void EngineReady(const EngineEntry& entry);
  // True if the process was one that is being launched; its launch has then failed.
  bool ProcessExited(const launcher::EngineExit& exit);
  // Ends the launch of `id` with an error for its waiters, and what it has started. `done` is
  // called once the cluster manager, if there is one, has answered; at once if `id` is not being
  // launched.
  void GiveUp(const EngineId& id, const std::string& why, std::function<void()> done);
  // No launch waits here for its turn, or is under way.
  bool IsIdle() const;
  std::vector<LaunchFailure> ListFailures() const { return failures_.List(core_.clock().Now()); }
  WarmSpares& spares() { return spares_; }
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
  struct Waiting;
  struct Launch;

  Launch* Find(const EngineKey& key, uint64_t number);
  void TakeLock(Launch& launch);
  void LockAnswered(const EngineKey& key, uint64_t number, Result<bool> answer);
  // The view may be behind: `registered` are those that are there now.
  void EnginesListed(const EngineKey& key, uint64_t number, const std::vector<EngineId>& registered,
                     int looks_left);
  void RetryLock(Launch& launch, const std::string& hindrance);
  void ReleaseLock(const EngineKey& key);
  void AwaitOther(Launch& launch);
  Launch& Add(const EngineDemand& demand);
  void Enqueue(Launch& launch);
  void QueueTimedOut(const EngineKey& key, uint64_t number);
  // Which limit keeps an engine of the key from being started; empty: none.
  std::string Shortage(const EngineKey& key) const;
  // Makes room for one more waiting call of `owner` by ending the newest one of whoever has most;
  // false if that is `owner`.
  bool EvictWaiter(const std::string& owner, const Error& error);
  static size_t CountCallers(const Launch& launch);
  // Nobody wants it any more, and nothing of it has begun.
  static bool IsAbandoned(const Launch& launch);
  // Those that are over, and the launches that are abandoned with them.
  void DropGone();
  void GiveTurnBack(Launch& launch);
  std::string WhatKeepsTheTurn() const;
  // No room: its callers hear so, and may come again at once.
  void Reject(const EngineKey& key, const std::string& why, Counter& counter);
  void StartNext();
  void BeginStarting(Launch& launch);
  void StartInTurn(Launch& launch);
  void GiveLockBack(Launch& launch);
  void StartProcess(Launch& launch);
  bool BindSpare(Launch& launch);
  bool MayBindSpare(const Launch& launch) const;
  bool HasSpareFor(const Launch& launch) const;
  // Its launch goes on with a process of its own.
  void SpareFailed(const EngineKey& key, uint64_t number, const EngineId& spare,
                   const std::string& why);
  void AddEntry(const Launch& launch, int64_t pid);
  launcher::LaunchRequest RequestOf(const Launch& launch) const;
  void Started(const EngineKey& key, uint64_t number, const Result<int64_t>& pid);
  void TimedOut(const EngineKey& key, uint64_t number);
  void GiveUpIfLate(const EngineKey& key, uint64_t number, const std::string& why);
  void Fail(const EngineKey& key, Error error);
  // Takes the launch out of the map and lets go of what it holds.
  std::vector<Waiter> Finish(const EngineKey& key, const char* outcome);
  // The same without starting the next one.
  std::vector<Waiter> TakeOut(const EngineKey& key, const char* outcome);
  void ForgetEntry(const EngineId& engine, const std::string& why);
  // Ends the launch of `id` with an error for its waiters; false if it is not being launched.
  bool Abort(const EngineId& id, const std::string& why);
  // Whatever its launcher has started, here or elsewhere.
  void EndProcess(const launcher::RemoteEngine& engine, std::function<void()> done);
  // `was_here`: its process on this machine was ended.
  void ProcessEnded(const EngineId& id, bool was_here, const Result<launcher::RemoteEnd>& ended);
  // How long a phase has taken.
  void ObservePhase(const char* phase, SteadyTime since);
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
  const std::function<void()> not_ended_;

  uint64_t next_number_ = 1;  // tells a launch from an earlier one of the same key
  bool is_closed_ = false;
  size_t starting_ = 0;
  size_t waiting_ = 0;
  std::map<EngineKey, std::unique_ptr<Launch>> launches_;
  LaunchQueue queue_;
  LaunchFailures failures_;
  WarmSpares spares_;
};

}  // namespace foxfire::server
