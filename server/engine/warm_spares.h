// JVMs that wait for an owner, so that their first user need not wait for a JVM.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/executor.h"
#include "common/metrics.h"
#include "engine_launcher/engine_launcher.h"
#include "server/engine/engine_options.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// What admin commands see of a spare. A value type.
struct SpareStatus {
  EngineId id;
  std::string profile;
  std::string state;  // "warming" or "ready"
  int64_t pid = 0;
  WallTime since;
};

// Keeps EngineOptions::warm_spares of each profile ready. One warms up at a time, and only while
// nobody waits for a launch. A spare that fails is made again after a pause that doubles; an old
// one is replaced. Each serves one owner: what is taken is not a spare any more. Confined to the
// `core` executor.
class WarmSpares {
 public:
  using SecretOf = std::function<Secret(const EngineId&)>;
  struct Spare {
    EngineId id;
    int64_t pid = 0;
  };

  // All borrowed, must outlive this. `may_start`: nobody waits for a launch. `on_ready`: one can be
  // taken that could not before.
  WarmSpares(const EngineOptions& options, launcher::EngineLauncher& launcher, SecretOf secret_of,
             EventStore& store, Executor& core, Metrics& metrics, std::function<bool()> may_start,
             std::function<void()> on_ready);

  // From now on; what is too many ends.
  void SetWanted(std::map<std::string, size_t> wanted);
  // Starts what is missing, if this is the moment for it.
  void Refill();

  // Those that can be taken.
  size_t CountReady(const std::string& profile) const;
  // The oldest one that is ready; it is the caller's from now on.
  std::optional<Spare> Take(const std::string& profile);

  // True if the process was a spare's.
  bool ProcessExited(const launcher::EngineExit& exit);
  std::vector<SpareStatus> List() const;
  // Ends all of them; no more begin.
  void Close();

 private:
  struct Entry {
    EngineId id;
    std::string profile;
    bool ready = false;
    int64_t pid = 0;
    WallTime since;
    TimerId timer = 0;  // its warm-up's deadline, then its age
  };
  struct Pause {
    size_t failures = 0;  // in a row
    SteadyTime until;
  };

  size_t CountOf(const std::string& profile) const;
  void Start(const std::string& profile);
  void Started(const EngineId& id, const Result<int64_t>& pid);
  void Ready(const EngineId& id);
  void End(const EngineId& id, const std::string& why);
  void Kill(const EngineId& id);
  // What becomes of one that has been removed.
  void Failed(const Entry& spare, const std::string& why);
  std::vector<Entry>::iterator Find(const EngineId& id);
  Entry Remove(std::vector<Entry>::iterator found);
  void Note(const char* type, const Entry& spare, const std::string& detail);

  const EngineOptions& options_;
  launcher::EngineLauncher& launcher_;
  const SecretOf secret_of_;
  EventStore& store_;
  Executor& core_;
  const std::function<bool()> may_start_;
  const std::function<void()> on_ready_;
  Gauge& ready_;
  Counter& taken_;
  Counter& missed_;
  Counter& failed_;

  bool is_closed_ = false;
  std::map<std::string, size_t> wanted_;
  std::vector<Entry> spares_;  // oldest first
  std::map<std::string, Pause> pauses_;
};

}  // namespace foxfire::server
