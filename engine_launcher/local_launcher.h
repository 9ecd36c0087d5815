// Engines as processes of this machine.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "engine_launcher/cds_archives.h"
#include "engine_launcher/engine_folders.h"
#include "engine_launcher/engine_launcher.h"
#include "engine_launcher/engine_runtime.h"
#include "engine_launcher/launch_thread.h"
#include "engine_launcher/process_spawner.h"
#include "engine_launcher/profile.h"

namespace foxfire::launcher {

// Starts `java` directly, without spark-submit. Slow work happens on the launch thread, where the
// listeners are called too. Engines outlive this object and its process. Thread-safe.
class LocalLauncher final : public EngineLauncher {
 public:
  // All borrowed, must outlive this; `thread` is stopped before this is destroyed.
  LocalLauncher(LauncherOptions options, std::vector<EngineProfile> profiles,
                ProcessSpawner& spawner, LaunchThread& thread);

  // Looks whether each profile has all it needs on this machine and cleans up behind engines that
  // ended without a gateway. Blocks; the error names the config key and the cure.
  Result<void> Check();

  // Makes the class data archives that are missing. Blocks for about 30 s each.
  Result<void> MakeArchives();
  // The same behind the running gateway; failures are only logged.
  void MakeArchivesInBackground();

  void OnExit(std::function<void(EngineExit)> listener) override;
  void Launch(LaunchRequest request, std::function<void(Result<int64_t>)> started) override;
  void Adopt(const EngineId& id, int64_t pid) override;
  Result<void> Kill(const EngineId& id) override;
  Result<std::string> LogTail(const EngineId& id, size_t lines) const override;
  std::optional<uint64_t> ResidentBytes(int64_t pid) const override;

 private:
  // An engine that runs, or has ended and left a log.
  struct Known {
    int64_t pid = 0;  // 0: it has ended
    Secret secret;    // empty for adopted ones
  };

  // On the launch thread:
  Result<void> CheckProfiles();
  Result<int64_t> Start(const LaunchRequest& request);
  Result<SpawnedProcess> Spawn(const LaunchRequest& request, const EngineProfile& profile);
  void StartAdopting(const EngineId& id, int64_t pid);
  void Ended(const EngineId& id, ProcessEnd end);
  void EnsureArchive(const EngineProfile& profile, CdsArchives::Done done);

  const EngineProfile* FindProfile(const std::string& name) const;

  const LauncherOptions options_;
  const std::vector<EngineProfile> profiles_;
  ProcessSpawner& spawner_;
  LaunchThread& thread_;
  const EngineFolders folders_;

  // Confined to the launch thread.
  EngineRuntimes runtimes_;
  CdsArchives archives_;

  mutable Mutex mutex_;
  std::function<void(EngineExit)> listener_ GUARDED_BY(mutex_);
  std::map<EngineId, Known> known_ GUARDED_BY(mutex_);
};

}  // namespace foxfire::launcher
