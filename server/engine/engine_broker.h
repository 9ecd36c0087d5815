// Engine key → live engine. Knows which engines take calls, starts one when a key has none, ends
// them on request, and tells sessions when theirs has died.
//
// How an engine lives, as the broker sees it (docs/engines.md has the whole table):
//
//     launching ──registered──► ready ──control node, own node gone──► stopping ──exit──► dead
//         └───────exit, timeout───┴──────exit, connection refused──────────┘ └───────────►
//
// A node that vanishes does not mean death: an engine that drains has no node but still serves its
// sessions. Death is the end of the process, or a port that refuses connections.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/executor.h"
#include "common/metrics.h"
#include "common/published.h"
#include "common/result.h"
#include "discovery/engine_directory.h"
#include "engine_launcher/engine_launcher.h"
#include "server/engine/engine_kills.h"
#include "server/engine/engine_launches.h"
#include "server/engine/engine_options.h"
#include "server/engine/engine_prober.h"
#include "server/engine/engine_status.h"
#include "server/engine/engine_table.h"
#include "server/session/session_manager.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// What the broker works with. All borrowed; must outlive it, but for `core`, which is stopped
// before the broker is destroyed.
struct EngineBrokerParts {
  discovery::EngineDirectory& directory;
  launcher::EngineLauncher& launcher;
  SessionManager& sessions;
  EventStore& store;
  ProbeClient& probes;
  Executor& core;
  Metrics& metrics;
};

// Whence the bearer tokens come that engines ask for.
struct EngineSecrets {
  // Of an engine that this gateway is about to start.
  std::function<Secret(const EngineId&)> of_launched;
  // Of one that has registered itself, whoever started it. Errors say what is wrong with its node.
  std::function<Result<Secret>(const discovery::EngineRecord&)> of_registered;
};

// All slow work happens on the `core` executor; FindEngine and FindFor read a snapshot and may be
// called from anywhere. Thread-safe.
class EngineBroker {
 public:
  using Waiter = EngineLaunches::Waiter;
  using Over = EngineLaunches::Over;

  EngineBroker(EngineOptions options, EngineSecrets secrets, const EngineBrokerParts& parts);

  // Listens to directory and launcher and takes over engines that the store knows to be running.
  Result<void> Start();

  // kUnknown: the directory has not been read yet; ask again through AwaitSync.
  enum class Presence { kLive, kGone, kUnknown };
  struct Lookup {
    Presence presence = Presence::kUnknown;
    LiveEnginePtr engine;  // null unless it is live
  };
  Lookup FindEngine(const EngineId& id) const;
  // The engine that new sessions of the key go to; kGone: there is none now.
  Lookup FindFor(const EngineKey& key) const;
  // It has been there and has ended, though it may be registered still. On `core` only.
  bool HasEnded(const EngineId& id) const;
  // The only engine of the key, whether it takes new sessions or not; null: there is none, or there
  // are several, or may be.
  LiveEnginePtr FindOnly(const EngineKey& key) const;

  // Answers with an engine of the key, starting one if there is none; one launch serves every
  // caller. Errors are those of docs/errors.md, and CANCELLED for one that is `over`. `waiter` is
  // called on `core`.
  void Acquire(const EngineDemand& demand, Waiter waiter, Over over = nullptr);
  // Starts an engine of the first demand, as they are ordered, whose key has none and is not in
  // back-off. Nobody waits for it, so it begins only while nobody waits for another launch, while
  // fewer than half of EngineOptions::engines_max are taken, and while ZooKeeper answers. `begun`
  // is called on `core` if a launch has begun, before the events of that.
  void StartAhead(std::vector<EngineDemand> demands, std::function<void(const EngineKey&)> begun);
  // The engine that a new session goes to now, the least loaded one of a pool; null: there is none.
  // Lets a pool grow whose engines are all busy. On `core` only.
  LiveEnginePtr Choose(const EngineDemand& demand);
  // A new session is on its way there, until NoteSessionOpened. On `core` only.
  void NoteNewSession(const EngineId& id);
  // It has arrived, or not; `is_new`: it was not there before. On `core` only.
  void NoteSessionOpened(const EngineId& id, bool is_new);
  // Answers once the directory has been read, or cannot be for a while.
  void AwaitSync(std::function<void()> waiter);

  // A loop found that nobody listens on the engine's port any more.
  void ReportDead(const EngineId& id, const std::string& how);

  std::vector<EngineStatus> List() const;
  // Launches under way, see EngineLaunches::List. `done` is called on `core`.
  void ListLaunches(std::function<void(std::vector<LaunchStatus>)> done);
  // What would become of a call that needs an engine of the key. `done` is called on `core`.
  void Foresee(const EngineKey& key, std::function<void(LaunchOutlook)> done);
  // Launches that have failed lately. `done` is called on `core`.
  void ListFailures(std::function<void(std::vector<LaunchFailure>)> done);
  void ListSpares(std::function<void(std::vector<SpareStatus>)> done);
  // From now on, of each profile (EngineOptions::warm_spares).
  void SetWarmSpares(std::map<std::string, size_t> wanted);
  Result<EngineStatus> Show(const EngineId& id) const;
  Result<std::string> LogTail(const EngineId& id, size_t lines) const;

  // Answers when the engine has ended. NOT_FOUND: no such engine. `done` is called on `core`.
  void Kill(const EngineId& id, const KillRequest& request, EngineKills::Done done);
  // There is one of that key already, or it is started. `done` is called on `core`.
  void Start(const EngineDemand& demand, std::function<void(Result<EngineStatus>)> done);
  // From now on it gets no new sessions; it ends with the last one that it has, or after
  // `request.grace`. Answers once it has been asked. `done` is called on `core` or the directory's
  // thread.
  void Drain(const EngineId& id, const KillRequest& request, EngineKills::Done done);
  // Starts none any more and kills those that this gateway has started; for one that takes its
  // engines with it.
  void KillOwn(const KillRequest& request, std::function<void()> done);
  // Starts none any more and ends those that are being launched, engines that take calls go on; for
  // a gateway that leaves its engines behind, once nobody waits there. `done` is called on `core`,
  // when their processes and what cluster managers have of them were ended.
  void GiveUpLaunches(std::function<void()> done);

 private:
  // What is to be written down of an engine that has just ended.
  struct Obituary {
    EngineEntry entry;
    bool expected = false;
    size_t sessions = 0;
    WallTime ended_at;
    TimerId timer = 0;
  };

  void TakeOver(const EngineRow& row);
  void EndUnused(const EngineId& id);
  void Probed(const ProbeResult& result);
  bool MayJudge(const EngineEntry& entry) const;
  void Hung(EngineEntry& entry, const std::string& why);
  void ProbedRegistered(EngineEntry& entry, const ProbeResult& result);
  void Down(EngineEntry& entry, const std::string& why);
  int64_t LoadOf(const EngineEntry& entry) const;
  void DirectoryChanged();
  void Settle();
  void ProcessExited(const launcher::EngineExit& exit);
  void Appeared(const discovery::EngineRecord& record);
  void Vanished(const EngineId& id);
  // `how`: for people. `in_order`: it said goodbye first, or was asked to go.
  // `patience`: how long its process may take to tell more before `how` is what is written down.
  void Died(const EngineId& id, const std::string& how, bool in_order,
            Duration patience = Duration::zero());
  void WriteObituary(const EngineId& id, const std::string& how);
  void EndLeftover(const EngineId& id);
  // It could not be asked to drain, so it goes on as before.
  void UndoDrain(const EngineId& id, size_t number);
  bool IsLastDrain(const EngineId& id, size_t number);
  void NotDrained(const EngineId& id, size_t number);
  // Takes one that somebody else runs out of use.
  void Unregister(const EngineEntry& entry, EngineKills::Done done);
  void KillOnCore(const EngineId& id, const KillRequest& request, EngineKills::Done done);
  // It was to be ended by force.
  void NotFound(const KillOutcome& outcome);
  void Publish();
  void Note(const char* type, const EngineEntry& entry, const std::string& detail,
            const std::string& address = {});

  const EngineOptions options_;
  const EngineSecrets secrets_;
  discovery::EngineDirectory& directory_;
  launcher::EngineLauncher& launcher_;
  SessionManager& sessions_;
  EventStore& store_;
  Executor& core_;

  // Confined to `core`.
  EngineTable table_;
  EngineLaunches launches_;
  EngineKills kills_;
  EngineProber prober_;
  std::unordered_map<EngineId, Obituary> obituaries_;
  std::unordered_map<EngineId, TimerId> leftovers_;  // processes whose port is closed
  std::vector<std::function<void()>> sync_waiters_;
  bool synced_ = false;   // the directory has been read
  bool settled_ = false;  // ... or we have waited for that long enough

  std::map<EngineState, Gauge*> by_state_;

  Published<EngineSnapshot> snapshot_;  // provides its own synchronization
};

}  // namespace foxfire::server
