// Engines that start as processes of this machine, whether they stay there or not.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "common/published.h"
#include "engine_launcher/cds_archives.h"
#include "engine_launcher/engine_folders.h"
#include "engine_launcher/engine_launcher.h"
#include "engine_launcher/engine_runtime.h"
#include "engine_launcher/launch_thread.h"
#include "engine_launcher/process_spawner.h"
#include "engine_launcher/profile.h"
#include "engine_launcher/remote_kills.h"
#include "engine_launcher/spare_channels.h"

namespace foxfire::launcher {

// Starts engines as their profiles say: by `java` directly, spark-submit or the operator's program.
// Slow work happens on the launch thread, where the listeners are called too. Engines outlive this
// object and its process. Thread-safe.
class LocalLauncher final : public EngineLauncher {
 public:
  // All borrowed, must outlive this; `thread` is stopped before this is destroyed.
  LocalLauncher(LauncherOptions options, std::vector<EngineProfile> profiles,
                ProcessSpawner& spawner, LaunchThread& thread);

  // Looks whether each profile has all it needs on this machine and cleans up behind engines that
  // ended without a gateway. Blocks; the error names the config key and the cure.
  Result<void> Check();

  // For launches from now on; what runs goes on as it is. Checked first: on an error the old ones
  // stay. Blocks; not on the launch thread.
  Result<void> SetProfiles(std::vector<EngineProfile> profiles);

  // Makes the class data archives that are missing. Blocks for about 30 s each.
  Result<void> MakeArchives();
  // The same behind the running gateway; failures are only logged.
  void MakeArchivesInBackground();

  void OnExit(std::function<void(EngineExit)> listener) override;
  void Launch(LaunchRequest request, std::function<void(Result<int64_t>)> started) override;
  void LaunchSpare(SpareRequest request, std::function<void(Result<int64_t>)> started,
                   std::function<void()> ready) override;
  void BindSpare(LaunchRequest request, std::function<void(Result<void>)> bound) override;
  void Adopt(const EngineId& id, int64_t pid) override;
  Result<void> Kill(const EngineId& id) override;
  void KillRemote(RemoteEngine engine, std::function<void(Result<RemoteEnd>)> done) override;
  Result<std::string> LogTail(const EngineId& id, size_t lines) const override;
  std::optional<uint64_t> ResidentBytes(int64_t pid) const override;

 private:
  // An engine that runs, or has ended and left a log.
  struct Known {
    int64_t pid = 0;                      // 0: it has ended
    Secret secret;                        // empty for adopted ones
    std::optional<uint64_t> start_ticks;  // of the process; nullopt: it could not be looked at
    bool may_hand_over =
        false;               // an orderly end of the process means that the engine runs elsewhere
    bool elsewhere = false;  // and so it did
  };

  // On the launch thread:
  Result<void> CheckProfiles(const std::vector<EngineProfile>& profiles);
  // `spare_input`: of a spare, its standard input; else -1.
  Result<int64_t> Start(const LaunchRequest& request, int spare_input = -1);
  Result<int64_t> StartSpare(const LaunchRequest& request, std::function<void()> ready);
  Result<SpawnedProcess> Spawn(const LaunchRequest& request, const EngineProfile& profile,
                               int spare_input);
  Result<EngineRuntime> RuntimeOf(const EngineProfile& profile);
  Result<EngineFiles> MakeFiles(const LaunchRequest& request, const EngineProfile& profile,
                                const OsUser* user) const;
  void StartAdopting(const EngineId& id, int64_t pid);
  void Ended(const EngineId& id, ProcessEnd end);
  void CleanUp(const EngineId& id);
  void StartKilling(RemoteEngine engine, RemoteKills::Done done);
  void EnsureArchive(const EngineProfile& profile, CdsArchives::Done done);

  // Null: there is none (any more).
  std::shared_ptr<const EngineProfile> FindProfile(const std::string& name) const;
  // Those that start from archives.
  std::vector<std::shared_ptr<const EngineProfile>> ProfilesWithArchive() const;

  const LauncherOptions options_;
  Published<std::vector<EngineProfile>> profiles_;
  ProcessSpawner& spawner_;
  LaunchThread& thread_;
  const EngineFolders folders_;

  // Confined to the launch thread.
  EngineRuntimes runtimes_;
  CdsArchives archives_;
  SpareChannels spares_;
  RemoteKills remote_kills_;

  mutable Mutex mutex_;
  std::function<void(EngineExit)> listener_ GUARDED_BY(mutex_);
  std::map<EngineId, Known> known_ GUARDED_BY(mutex_);
};

}  // namespace foxfire::launcher
