// A ZooKeeper server of our own for one machine, from the jars of a Spark home. For clusters there
// is a real ensemble; this one is a single server on 127.0.0.1.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/files.h"
#include "common/result.h"
#include "engine_launcher/launch_thread.h"
#include "engine_launcher/process_spawner.h"
#include "engine_launcher/profile.h"

namespace foxfire::launcher {

// A value type.
struct EmbeddedZooKeeperOptions {
  Path folder;            // data, config, log and pid file
  uint16_t port = 15005;  // config key zookeeper.embedded_port
  EngineProfile profile;  // whose Spark home and Java it runs on
  Duration start_timeout = std::chrono::seconds(30);
  Duration restart_delay_min = std::chrono::seconds(1);  // doubles with each restart …
  Duration restart_delay_max = std::chrono::seconds(30);
  Duration stable_after = std::chrono::minutes(1);  // … and starts again after a life so long
};

// Keeps the server running: starts it or adopts the one that an earlier gateway left, and starts it
// again when it dies. The server outlives this object and its process unless Stop() ends it, so
// that engines keep their registration. Thread-safe.
class EmbeddedZooKeeper {
 public:
  // All borrowed, must outlive this; `thread` is stopped before this is destroyed.
  EmbeddedZooKeeper(EmbeddedZooKeeperOptions options, ProcessSpawner& spawner,
                    LaunchThread& thread);

  // Blocks until it serves. The error names the config key and the cure.
  Result<void> Start();

  // Ends the server and the watching over it; blocks for up to `grace`, then kills it.
  Result<void> Stop(Duration grace = std::chrono::seconds(5));

  std::string connect() const;
  // 0 while it is down.
  int64_t pid() const;

 private:
  using Done = std::function<void(Result<void>)>;

  // On the launch thread:
  void Begin(Done done);
  Result<bool> Adopt();
  Result<void> Spawn();
  Result<ProcessSpec> MakeSpec() const;
  void Watch(int64_t pid, UniqueFd pidfd);
  void AwaitServing();
  void Serving();
  void Ended(ProcessEnd end);
  void Fail(Error error);
  void RestartLater();
  std::string LogEnd() const;

  Path PidFile() const { return folder_ / "zookeeper.pid"; }
  Path LogFile() const { return folder_ / "zookeeper.log"; }
  std::string FolderArgument() const;
  std::string PortArgument() const;

  const EmbeddedZooKeeperOptions options_;
  const Path folder_;
  ProcessSpawner& spawner_;
  LaunchThread& thread_;

  // Confined to the launch thread.
  Done start_waiter_;  // Start() that has no answer yet
  Done stop_waiter_;
  bool stopping_ = false;
  SteadyTime began_;
  SteadyTime start_deadline_;
  Duration restart_delay_;

  mutable Mutex mutex_;
  int64_t pid_ GUARDED_BY(mutex_) = 0;
};

}  // namespace foxfire::launcher
