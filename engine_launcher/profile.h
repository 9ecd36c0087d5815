// What engines are started with, as config says it. Plain values; server/config fills them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/files.h"
#include "common/result.h"

namespace foxfire::launcher {

// Spark refuses to start with a smaller heap (it wants 450 MiB for itself).
inline constexpr uint64_t kDriverMemoryMin = uint64_t{512} << 20;

// One [profile.<name>] of the config. A value type.
struct EngineProfile {
  std::string name = "default";

  std::string spark_home;  // the folder that holds Spark's jars/; required
  std::string java_home;   // empty: $JAVA_HOME, or else `java` on the PATH
  std::string python;      // what Python UDFs run with; empty: python3 on the PATH

  uint64_t driver_memory = uint64_t{1} << 30;      // bytes of Java heap
  std::map<std::string, std::string> spark_conf;   // keys begin with "spark."
  std::map<std::string, std::string> environment;  // on top of what every engine gets
  std::vector<std::string> java_options;           // behind our own, so that they win
  // In front of Spark's jars. A folder that is not empty rules out the CDS archive (a JVM rule).
  std::vector<std::string> class_path;

  // Compiles with C1 only: engines start 0.8 s sooner, CPU-bound queries take up to 7 times as
  // long. For tests and tiny engines.
  bool tiered_stop_at_level_1 = false;
  bool cds_archive = true;  // start from a class data archive once there is one
};

// The same for all profiles. A value type.
struct LauncherOptions {
  Path state_folder;         // <state>/<engine id>/ holds engine.log, engine.properties, work files
  Path cache_folder;         // class data archives and argument files; may be removed at any time
  Path engine_jar;           // the jar of engine_launcher/engine/
  size_t kept_folders = 50;  // folders of ended engines that are kept for their logs

  std::string zookeeper_connect;  // host:port[,host:port…]
  std::string zookeeper_root = "/foxfire";
  std::string zookeeper_digest_file;  // empty: no digest
  Duration zookeeper_session_timeout = std::chrono::seconds(30);
  Duration zookeeper_lost = std::chrono::minutes(5);  // without registration: the engine stops

  Duration idle_timeout = std::chrono::minutes(30);  // 0: never
  Duration max_lifetime{0};                          // 0: never
  Duration drain_grace = std::chrono::minutes(5);

  std::string bind_address = "127.0.0.1";
  std::string advertise_host = "127.0.0.1";

  Duration archive_timeout = std::chrono::minutes(5);  // for one training run
};

// INVALID_ARGUMENT names the key ("profile.etl.spark_conf") and the cure. Looks at the values only,
// not at the disk.
Result<void> CheckProfile(const EngineProfile& profile);

}  // namespace foxfire::launcher
