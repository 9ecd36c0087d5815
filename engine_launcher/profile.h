// What engines are started with, as config says it. Plain values; server/config fills them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/files.h"
#include "common/result.h"

namespace foxfire::launcher {

// Spark refuses to start with a smaller heap (it wants 450 MiB for itself).
inline constexpr uint64_t kDriverMemoryMin = uint64_t{512} << 20;

// What starts an engine (docs/launchers.md).
enum class LauncherKind {
  kLocal,        // java itself, on this machine
  kSparkSubmit,  // Spark's own spark-submit, for every master and deploy mode
  kCommand,      // the operator's own program
};

// Where spark-submit runs the driver: on this machine, or where the cluster manager puts it.
enum class DeployMode { kClient, kCluster };

// How an engine comes to work as its owner (docs/launchers.md).
enum class RunAs {
  kLogin,       // Hadoop's login user of the JVM; the OS user is foxfired's
  kOsUser,      // the process runs as the OS user of that name; foxfired must be root
  kProxyUser,   // spark-submit --proxy-user: foxfired's own Kerberos login speaks for the owner
  kHadoopUser,  // HADOOP_USER_NAME, for clusters without Kerberos
};

// One [profile.<name>] of the config. A value type.
struct EngineProfile {
  std::string name = "default";

  LauncherKind launcher = LauncherKind::kLocal;
  std::string master = "local[*]";
  DeployMode deploy_mode = DeployMode::kClient;
  RunAs run_as = RunAs::kLogin;
  std::string queue;       // YARN's; empty: its default
  std::string engine_jar;  // as drivers of the cluster find it; empty: LauncherOptions::engine_jar
  // With the digest, as drivers of the cluster find it; empty: LauncherOptions's.
  std::string zookeeper_digest_file;
  std::string kubernetes_namespace;         // empty: default
  std::vector<std::string> launch_command;  // kCommand: program and arguments with {placeholders}
  std::vector<std::string> kill_command;    // kCommand: the same, to end what runs elsewhere
  std::string bind_address;                 // empty: LauncherOptions::bind_address
  std::string
      advertise_host;      // empty: LauncherOptions::advertise_host; "auto": the driver finds it
  size_t warm_spares = 0;  // JVMs that wait for an owner; LauncherKind::kLocal only

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

// What one owner's engines have otherwise than their profile. A value type.
struct EngineOverrides {
  std::optional<uint64_t> driver_memory;           // bytes of Java heap
  std::string queue;                               // empty: the profile's
  std::map<std::string, std::string> environment;  // over the profile's

  // They are of the process itself, so that no JVM that runs already will do.
  bool NeedsOwnProcess() const { return driver_memory || !queue.empty() || !environment.empty(); }
  bool operator==(const EngineOverrides&) const = default;
};

EngineProfile WithOverrides(EngineProfile profile, const EngineOverrides& overrides);

// The same for all profiles. A value type.
struct LauncherOptions {
  Path state_folder;  // <state>/<engine id>/ holds engine.log, engine.properties, work files
  Path cache_folder;  // class data archives and argument files; may be removed at any time
  Path engine_jar;    // the jar of engine_launcher/engine/
  // With which engines agree on their secret where it cannot be brought to them by a file: X25519,
  // base64url without padding (RFC 7748).
  std::string gateway_public_key;
  size_t kept_folders = 50;  // folders of ended engines that are kept for their logs

  std::string zookeeper_connect;  // host:port[,host:port…]
  std::string zookeeper_root = "/foxfire";
  std::string zookeeper_digest_file;  // empty: no digest
  Duration zookeeper_session_timeout = std::chrono::seconds(30);
  Duration zookeeper_lost = std::chrono::minutes(5);  // without registration: the engine stops

  Duration start_max = std::chrono::minutes(6);      // an engine that is not registered then ends
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

// Where a Spark setting stands: in a profile, or in what comes over one, which is of an owner's
// section or a client.
enum class ConfSource { kProfile, kOverProfile };

// Why a setting cannot be set there, and what to do instead.
struct ConfRefusal {
  std::string_view why;
  std::string_view cure;
};

// What comes over a profile can neither move the engine elsewhere nor speak for the gateway,
// whatever the config lets clients set. Names are compared without case, as headers come. nullopt:
// it may be set.
std::optional<ConfRefusal> RefusalOf(std::string_view setting, ConfSource source);

// True for what only spark-submit looks at, which fetches packages for the engine: without it they
// would be silently missing.
bool IsFetchedBySubmit(std::string_view setting);

// INVALID_ARGUMENT names a setting that cannot come over this profile.
Result<void> CheckRequestedConf(const EngineProfile& profile,
                                const std::map<std::string, std::string>& conf);

}  // namespace foxfire::launcher
