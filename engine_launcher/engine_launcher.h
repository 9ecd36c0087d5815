// Starting, watching and ending engine processes, as the broker sees it. local_launcher.h does it
// with processes of this machine; tests/fakes/fake_launcher.h without any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "common/engine_key.h"
#include "common/ids.h"
#include "common/result.h"
#include "common/secret.h"
#include "engine_launcher/profile.h"

namespace foxfire::launcher {

struct LaunchRequest {
  EngineId id;
  EngineKey key;       // key.profile names the settings that the engine starts with
  std::string run_as;  // whose identity Spark gets
  Secret secret;       // the bearer token that the engine will ask for
  // On top of the profile's, as the owner's client asked for it; keys begin with "spark.".
  std::map<std::string, std::string> spark_conf = {};
  bool report_load = false;        // it keeps sessions and operations of its record up to date
  EngineOverrides overrides = {};  // where its owner's engines differ from the profile
};

// An engine whose process is none of this machine's. A value type.
struct RemoteEngine {
  EngineId id;
  EngineKey key;  // key.profile names the cluster manager
  std::string run_as;
  std::string submission_id;   // EngineRecord::submission_id; may be empty
  std::string host_name = {};  // EngineRecord::host_name, for error texts; may be empty
  // LaunchRequest::overrides: the owner's Hadoop configuration may name another cluster.
  EngineOverrides overrides = {};
};

// What a cluster manager says that was told to end an engine.
enum class RemoteEnd {
  kEnded,
  kNotFound,  // it knows of none, or of none that still runs
};

// A JVM that is to wait for an owner. A value type.
struct SpareRequest {
  EngineId id;  // of the engine that it becomes
  std::string profile;
  Secret secret;
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

  // Answers with the pid once the process runs, 0 for one that a cluster manager will run
  // somewhere; the engine then registers itself in ZooKeeper. An error says what is missing and how
  // to mend it; then there is no process and no exit.
  virtual void Launch(LaunchRequest request, std::function<void(Result<int64_t>)> started) = 0;

  // Starts a JVM that gets ready for an owner and waits for BindSpare (docs/engine-contract.md). It
  // ends with this process. `started` as with Launch; `ready` once, when it can be bound.
  virtual void LaunchSpare(SpareRequest request, std::function<void(Result<int64_t>)> started,
                           std::function<void()> ready) = 0;

  // Makes the spare `request.id` the engine of its key; it then registers itself. NOT_FOUND: it is
  // no spare that waits.
  virtual void BindSpare(LaunchRequest request, std::function<void(Result<void>)> bound) = 0;

  // Watches an engine that an earlier gateway started on this machine. If `pid` is no longer that
  // engine, OnExit hears of it at once.
  virtual void Adopt(const EngineId& id, int64_t pid) = 0;

  // Ends the process group of a launched or adopted engine with SIGKILL. NOT_FOUND: not one of
  // ours.
  virtual Result<void> Kill(const EngineId& id) = 0;

  // Ends an engine in the way of the cluster manager that its profile names; that it is not there
  // (any more) is no error. FAILED_PRECONDITION: there is no such way; says what to do by hand.
  // Others: there is one, and it has failed.
  // `done` is called on the launcher's own thread, after seconds perhaps.
  virtual void KillRemote(RemoteEngine engine, std::function<void(Result<RemoteEnd>)> done) = 0;

  // The last `lines` lines of the engine's log, secrets removed. Blocks on the disk.
  virtual Result<std::string> LogTail(const EngineId& id, size_t lines) const = 0;

  // Resident memory of a process of this machine; nullopt if it is gone. Blocks on /proc.
  virtual std::optional<uint64_t> ResidentBytes(int64_t pid) const = 0;
};

}  // namespace foxfire::launcher
