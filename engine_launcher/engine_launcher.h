// Starting, watching and ending engine processes, as the broker sees it. local_launcher.h does it
// with processes of this machine; tests/fakes/fake_launcher.h without any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/engine_key.h"
#include "common/ids.h"
#include "common/result.h"
#include "common/secret.h"

namespace foxfire::launcher {

struct LaunchRequest {
  EngineId id;
  EngineKey key;       // key.profile names the settings that the engine starts with
  std::string run_as;  // whose identity Spark gets
  Secret secret;       // the bearer token that the engine will ask for
};

// The end of an engine's process, whoever started it.
struct EngineExit {
  EngineId id;
  std::string how;  // "exit status 1", "signal 9", "exit status unknown" (adopted ones)
};

// Callbacks come on the launcher's own thread: they copy and post, nothing else. Thread-safe.
class EngineLauncher {
 public:
  virtual ~EngineLauncher() = default;

  // Set once, before anything else.
  virtual void OnExit(std::function<void(EngineExit)> listener) = 0;

  // Answers with the pid once the process runs; the engine then registers itself in ZooKeeper. An
  // error says what is missing and how to mend it; then there is no process and no exit.
  virtual void Launch(LaunchRequest request, std::function<void(Result<int64_t>)> started) = 0;

  // Watches an engine that an earlier gateway started on this machine. If `pid` is no longer that
  // engine, OnExit hears of it at once.
  virtual void Adopt(const EngineId& id, int64_t pid) = 0;

  // Ends the process group of a launched or adopted engine with SIGKILL. NOT_FOUND: not one of
  // ours.
  virtual Result<void> Kill(const EngineId& id) = 0;

  // The last `lines` lines of the engine's log, secrets removed. Blocks on the disk.
  virtual Result<std::string> LogTail(const EngineId& id, size_t lines) const = 0;

  // Resident memory of a process of this machine; nullopt if it is gone. Blocks on /proc.
  virtual std::optional<uint64_t> ResidentBytes(int64_t pid) const = 0;
};

}  // namespace foxfire::launcher
