// Ending engines by commands of their cluster managers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "common/clock.h"
#include "engine_launcher/engine_folders.h"
#include "engine_launcher/engine_launcher.h"
#include "engine_launcher/engine_runtime.h"
#include "engine_launcher/launch_thread.h"
#include "engine_launcher/process_spawner.h"
#include "engine_launcher/profile.h"

namespace foxfire::launcher {

// Runs them two at a time, for each may be a JVM of its own. What a command prints lies in the
// engine's folder (kill.log). Confined to the launch thread, which must be stopped before this is
// destroyed; commands that still run go on.
class RemoteKills {
 public:
  using Done = std::function<void(Result<RemoteEnd>)>;

  static constexpr Duration kTimeout = std::chrono::seconds(60);
  static constexpr size_t kAtOnce = 2;

  // All borrowed, must outlive this.
  RemoteKills(const LauncherOptions& options, const EngineFolders& folders,
              EngineRuntimes& runtimes, ProcessSpawner& spawner, LaunchThread& thread);
  ~RemoteKills();

  // `profile`: with the engine's overrides. Answers when the command has ended, or has been ended
  // after kTimeout: then, and if it failed, the error says how it began and the end of what it
  // printed.
  void Kill(const EngineProfile& profile, RemoteEngine engine, Done done);

 private:
  struct Command;

  void StartNext();
  Result<void> Start(const std::shared_ptr<Command>& command);
  Result<ProcessSpec> MakeSpec(const EngineProfile& profile, RemoteEngine engine,
                               const EngineFiles& files);
  void Ended(const std::shared_ptr<Command>& command, ProcessEnd end);
  Result<RemoteEnd> Outcome(const Command& command, ProcessEnd end) const;

  const LauncherOptions& options_;
  const EngineFolders& folders_;
  EngineRuntimes& runtimes_;
  ProcessSpawner& spawner_;
  LaunchThread& thread_;
  std::deque<std::shared_ptr<Command>> waiting_;
  size_t running_ = 0;
};

}  // namespace foxfire::launcher
