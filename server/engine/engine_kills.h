// Engines that are being ended on request: first asked through their control node, after the grace
// ended by force where that is possible.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/executor.h"
#include "discovery/engine_directory.h"
#include "engine_launcher/engine_launcher.h"
#include "server/engine/engine_options.h"
#include "server/engine/engine_table.h"
#include "server/session/session_manager.h"

namespace foxfire::server {

// Who ends an engine, and why: for its log, the events and the answer.
struct KillRequest {
  std::string by;
  std::string reason;
  Duration grace =
      std::chrono::seconds(10);  // for what runs; then by force, where that is possible
  std::string address;           // where the request came from; empty: from the gateway itself
  bool is_deaf = false;          // it is known not to listen
};

// What a kill ended.
struct KillOutcome {
  EngineId id;
  EngineKey key;
  bool forced = false;
  size_t sessions = 0;
  int64_t open_calls = 0;
  bool still_runs = false;  // somebody else runs it: only its registration is gone
  // It did not stop by itself, and its cluster manager knows nothing of it: it has ended meanwhile,
  // or runs elsewhere.
  bool not_found = false;
};

// Confined to the `core` executor.
class EngineKills {
 public:
  using Done = std::function<void(Result<KillOutcome>)>;
  using NotFound = std::function<void(const KillOutcome&)>;

  // All borrowed, must outlive this. `not_found` is told of outcomes that are so.
  EngineKills(const EngineOptions& options, discovery::EngineDirectory& directory,
              launcher::EngineLauncher& launcher, Executor& core, NotFound not_found);
  ~EngineKills();

  // Asks the engine to stop. A second kill of the same engine waits for the first one's end, and
  // brings it forward if its own grace is over sooner.
  void Start(const EngineEntry& entry, const KillRequest& request,
             const SessionManager::EngineUse& use, Done done);
  // Its node has gone, for whatever reason.
  void Vanished(const EngineId& id);
  // The engine has ended: answers whoever asked for that.
  void Ended(const EngineId& id);
  bool IsPending(const EngineId& id) const { return pending_.count(id) > 0; }
  // Removes what an engine that has ended was last told, as soon as ZooKeeper answers.
  void ClearOrder(const EngineId& id);

 private:
  struct Pending;
  void Ask(const EngineId& id, const KillRequest& request);
  void Force(const EngineId& id);
  void ForceRemote(Pending& pending);
  void ForcedRemote(const EngineId& id, Duration grace, const Result<launcher::RemoteEnd>& killed);
  void KillRemote(const Pending& pending, std::function<void(Result<launcher::RemoteEnd>)> done);
  void Finish(const EngineId& id, const Result<KillOutcome>& outcome);

  const EngineOptions& options_;
  discovery::EngineDirectory& directory_;
  launcher::EngineLauncher& launcher_;
  Executor& core_;
  const NotFound not_found_;
  std::map<EngineId, std::unique_ptr<Pending>> pending_;
};

}  // namespace foxfire::server
