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
#include "server/engine/engine_status.h"
#include "server/engine/engine_table.h"
#include "server/session/session_manager.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// All slow work happens on the `core` executor; FindEngine and FindFor read a snapshot and may be
// called from anywhere. Thread-safe.
class EngineBroker {
 public:
  using Waiter = EngineLaunches::Waiter;
  using SecretOf = std::function<Secret(const EngineId&)>;

  // All borrowed, must outlive this; `core` is stopped before this is destroyed.
  EngineBroker(EngineOptions options, discovery::EngineDirectory& directory,
               launcher::EngineLauncher& launcher, SecretOf secret_of, SessionManager& sessions,
               EventStore& store, Executor& core, Metrics& metrics);

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

  // Answers with an engine of the key, starting one if there is none; one launch serves every
  // caller. Errors are those of docs/errors.md. `waiter` is called on `core`.
  void Acquire(const EngineKey& key, const std::string& run_as, Waiter waiter);
  // Answers once the directory has been read, or cannot be for a while.
  void AwaitSync(std::function<void()> waiter);

  // A loop found that nobody listens on the engine's port any more.
  void ReportDead(const EngineId& id, const std::string& how);

  std::vector<EngineStatus> List() const;
  // Launches under way, see EngineLaunches::List. `done` is called on `core`.
  void ListLaunches(std::function<void(std::vector<LaunchStatus>)> done);
  // What would become of a call that needs an engine of the key. `done` is called on `core`.
  void Foresee(const EngineKey& key, std::function<void(LaunchOutlook)> done);
  Result<EngineStatus> Show(const EngineId& id) const;
  Result<std::string> LogTail(const EngineId& id, size_t lines) const;

  // Answers when the engine has ended. NOT_FOUND: no such engine. `done` is called on `core`.
  void Kill(const EngineId& id, const KillRequest& request, EngineKills::Done done);
  // Starts none any more and kills those that this gateway has started; for one that takes its
  // engines with it.
  void KillOwn(const KillRequest& request, std::function<void()> done);

 private:
  // What is to be written down of an engine that has just ended.
  struct Obituary {
    EngineEntry entry;
    bool expected = false;
    size_t sessions = 0;
    WallTime ended_at;
    TimerId timer = 0;
  };

  void EndUnused(const EngineId& id);
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
  void KillOnCore(const EngineId& id, const KillRequest& request, EngineKills::Done done);
  void Publish();
  void Note(const char* type, const EngineEntry& entry, const std::string& detail,
            const std::string& address = {});

  const EngineOptions options_;
  discovery::EngineDirectory& directory_;
  launcher::EngineLauncher& launcher_;
  const SecretOf secret_of_;
  SessionManager& sessions_;
  EventStore& store_;
  Executor& core_;

  // Confined to `core`.
  EngineTable table_;
  EngineLaunches launches_;
  EngineKills kills_;
  std::unordered_map<EngineId, Obituary> obituaries_;
  std::vector<std::function<void()>> sync_waiters_;
  bool synced_ = false;   // the directory has been read
  bool settled_ = false;  // ... or we have waited for that long enough

  Published<EngineSnapshot> snapshot_;  // provides its own synchronization
};

}  // namespace foxfire::server
