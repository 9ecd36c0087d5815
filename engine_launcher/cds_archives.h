// Class data archives: what a JVM has loaded, kept in a file that the next one maps. An engine
// starts in nearly half the time with one (docs/performance.md).
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "common/result.h"
#include "engine_launcher/engine_command.h"
#include "engine_launcher/launch_thread.h"

namespace foxfire::launcher {

// Makes archives by training runs of the engine, one at a time. A missing, failed or outdated
// archive costs time, never a launch: the JVM checks it against the jars and does without.
// Confined to the launch thread, which must be stopped before this is destroyed.
class CdsArchives {
 public:
  using Done = std::function<void(Result<void>)>;

  // All borrowed, must outlive this.
  CdsArchives(const LauncherOptions& options, ProcessSpawner& spawner, LaunchThread& thread);
  ~CdsArchives();

  static bool Exists(const EngineRuntime& runtime);

  // Answers when there is an archive or making it has failed. Takes about 30 s of CPU time.
  void Ensure(const EngineProfile& profile, const EngineRuntime& runtime, Done done);

 private:
  struct Training;

  void StartNext();
  Result<void> Start(Training& training);
  void Ended(ProcessEnd end);
  Result<void> Keep(const Training& training, ProcessEnd end) const;
  void RemoveOthers(const EngineRuntime& runtime) const;
  void RemoveAbandoned() const;

  const LauncherOptions& options_;
  ProcessSpawner& spawner_;
  LaunchThread& thread_;
  std::deque<std::unique_ptr<Training>> queue_;  // the first one runs, if any
  bool running_ = false;
};

}  // namespace foxfire::launcher
