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
};

// What a kill ended.
struct KillOutcome {
  EngineId id;
  EngineKey key;
  bool forced = false;
  size_t sessions = 0;
  int64_t open_calls = 0;
};

// Confined to the `core` executor.
class EngineKills {
 public:
  using Done = std::function<void(Result<KillOutcome>)>;

  // All borrowed, must outlive this.
  EngineKills(discovery::EngineDirectory& directory, launcher::EngineLauncher& launcher,
              Executor& core);
  ~EngineKills();

  // Asks the engine to stop. A second kill of the same engine waits for the first one's end, and
  // brings it forward if its own grace is over sooner.
  void Start(const EngineEntry& entry, const KillRequest& request,
             const SessionManager::EngineUse& use, Done done);
  // The engine has ended: answers whoever asked for that.
  void Ended(const EngineId& id);
  bool IsPending(const EngineId& id) const { return pending_.count(id) > 0; }

 private:
  struct Pending;
  void Ask(const EngineId& id, const KillRequest& request);
  void Force(const EngineId& id);
  void Finish(const EngineId& id, const Result<KillOutcome>& outcome);

  discovery::EngineDirectory& directory_;
  launcher::EngineLauncher& launcher_;
  Executor& core_;
  std::map<EngineId, std::unique_ptr<Pending>> pending_;
};

}  // namespace foxfire::server
