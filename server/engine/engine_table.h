// The engines that a gateway knows, and the snapshot of them that loops read.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/engine_key.h"
#include "common/executor.h"
#include "common/ids.h"
#include "discovery/engine_directory.h"
#include "server/engine/engine_status.h"
#include "server/engine/probe_client.h"
#include "server/store/event_store.h"

namespace foxfire::server {

struct EngineEntry {
  discovery::EngineRecord record;  // while launching only id, key, pid and started_at are known
  EngineState state = EngineState::kLaunching;
  bool registered = false;
  bool is_local = false;      // a process of this machine, watched by the launcher
  bool is_own = false;        // started by this gateway, or by one before it on the same store
  bool is_draining = false;   // asked to take no new sessions
  size_t drains = 0;          // how often it was asked
  std::string health;         // what the last probes showed, see EngineStatus
  int64_t assigned = 0;       // new sessions that went to it since it last reported its load
  int64_t opening = 0;        // those of them that are still on their way
  TimerId forgetting = 0;     // gives it up if it does not register again
  size_t hung_kills = 0;      // since it last answered
  SteadyTime next_hung_kill;  // not before, if there were any
  Secret secret;
};

// What loops see. Immutable.
struct EngineSnapshot {
  struct Engine {
    EngineStatus status;
    LiveEnginePtr live;

    bool takes_calls() const {
      return !status.endpoint.empty() && status.state != EngineState::kDead;
    }
  };
  bool synced = false;
  std::unordered_map<EngineId, Engine> engines;
  std::unordered_map<EngineKey, EngineId> ready;  // where new sessions of a key go: its oldest one
};

// Confined to one thread.
class EngineTable {
 public:
  // nullptr if it is not known (any more).
  EngineEntry* Find(const EngineId& id);
  EngineEntry& Add(const EngineId& id);
  // Forgets it. If its registration may linger in ZooKeeper, it is not let in again.
  std::optional<EngineEntry> Remove(const EngineId& id);
  // It was given up while it was launched, and is being ended: if it registers all the same, now or
  // later, it is not let in.
  void GiveUp(const EngineId& id) { given_up_.try_emplace(id, false); }
  // It could not be ended, so it may be used.
  void TakeBack(const EngineId& id) { given_up_.erase(id); }
  // It has ended: unless it is registered even so, the id need not be remembered any longer.
  void ForgetGivenUp(const EngineId& id) {
    if (const auto found = given_up_.find(id); found != given_up_.end() && !found->second)
      given_up_.erase(found);
  }
  // True for an engine that has been removed while its registration was still there, or given up.
  bool IsDead(const EngineId& id) const { return dead_.count(id) > 0 || given_up_.count(id) > 0; }
  // Their registrations are gone: these ids need not be remembered any longer.
  void ForgetDeadExcept(const discovery::DirectoryView& view);

  // The oldest engine of the key that takes new sessions; nullptr if there is none.
  const EngineEntry* FindReady(const EngineKey& key) const;
  template <typename Predicate>
  size_t CountIf(Predicate predicate) const {
    return static_cast<size_t>(
        std::count_if(engines_.begin(), engines_.end(),
                      [&predicate](const auto& engine) { return predicate(engine.second); }));
  }
  std::vector<EngineId> Ids() const;
  // Oldest first.
  std::vector<const EngineEntry*> ReadyOf(const EngineKey& key) const;
  // Those that have been registered at least once.
  std::vector<ProbeTarget> ProbeTargets() const;

  std::shared_ptr<const EngineSnapshot> Snapshot(bool synced) const;

 private:
  std::map<EngineId, EngineEntry> engines_;
  std::set<EngineId> dead_;
  std::map<EngineId, bool> given_up_;  // whether it is registered
};

LiveEngine ToLive(const EngineEntry& entry);
EngineStatus ToStatus(const EngineEntry& entry);
EngineRow ToRow(const EngineEntry& entry);

// The engine of a stored row, without endpoint if it had not registered itself yet; nullopt if the
// row cannot be read.
std::optional<EngineEntry> FromRow(const EngineRow& row);

}  // namespace foxfire::server
