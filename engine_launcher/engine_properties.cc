#include "engine_launcher/engine_properties.h"

#include <algorithm>
#include <chrono>

#include "common/engine_key.h"

namespace foxfire::launcher {
namespace {

int64_t Millis(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::string OrElse(const std::string& value, const std::string& other) {
  return value.empty() ? other : value;
}

bool ChoosesCollector(const std::vector<std::string>& options) {
  return std::any_of(options.begin(), options.end(), [](const std::string& option) {
    return option.starts_with("-XX:+Use") && option.ends_with("GC");
  });
}

// Where the engine finds ZooKeeper's digest; empty: there is none.
std::string DigestFile(const EngineCommandInput& input) {
  if (!input.profile.zookeeper_digest_file.empty()) return input.profile.zookeeper_digest_file;
  if (input.options.zookeeper_digest_file.empty() || input.files.digest.empty())
    return input.options.zookeeper_digest_file;
  return input.files.digest.string();
}

// True if the process itself is the owner's, so that the engine has only to check it.
bool IsOwnersProcess(RunAs run_as) {
  return run_as == RunAs::kOsUser || run_as == RunAs::kProxyUser;
}

}  // namespace

bool IsClusterMode(const EngineProfile& profile) {
  return profile.launcher == LauncherKind::kSparkSubmit &&
         profile.deploy_mode == DeployMode::kCluster;
}

bool TakesSecretFile(const EngineProfile& profile) {
  return profile.launcher != LauncherKind::kCommand && !IsClusterMode(profile);
}

EngineProfile ProfileFor(const EngineProfile& profile, const LaunchRequest& request) {
  EngineProfile own = WithOverrides(profile, request.overrides);
  for (const auto& [key, value] : request.spark_conf) own.spark_conf[key] = value;
  return own;
}

std::map<std::string, std::string> FoxfireProperties(const EngineCommandInput& input,
                                                     const LaunchRequest& request) {
  const LauncherOptions& options = input.options;
  const EngineProfile& profile = input.profile;
  std::map<std::string, std::string> own = {
      {"foxfire.engine.id", request.id.str()},
      {"foxfire.engine.key", request.key.ToString()},
      {"foxfire.engine.run.as", request.run_as},
      {"foxfire.zookeeper.connect", options.zookeeper_connect},
      {"foxfire.zookeeper.root", options.zookeeper_root},
      {"foxfire.zookeeper.session.timeout.ms",
       std::to_string(Millis(options.zookeeper_session_timeout))},
      {"foxfire.zookeeper.lost.ms", std::to_string(Millis(options.zookeeper_lost))},
      {"foxfire.start.max.ms", std::to_string(Millis(options.start_max))},
      {"foxfire.idle.ms", std::to_string(Millis(options.idle_timeout))},
      {"foxfire.max.lifetime.ms", std::to_string(Millis(options.max_lifetime))},
      {"foxfire.drain.grace.ms", std::to_string(Millis(options.drain_grace))},
      {"foxfire.bind.address", OrElse(profile.bind_address, options.bind_address)},
      {"foxfire.advertise.host", OrElse(profile.advertise_host, options.advertise_host)},
  };
  if (TakesSecretFile(profile)) {
    own["foxfire.secret.file"] = input.files.secret.string();
    // Names the machine on which gateways look for the process.
    own["foxfire.host.name"] = HostName();
  } else {
    own["foxfire.gateway.public.key"] = options.gateway_public_key;
  }
  if (request.report_load) own["foxfire.report.load"] = "true";
  if (IsOwnersProcess(profile.run_as)) own["foxfire.identity"] = "process";
  if (const std::string digest = DigestFile(input); !digest.empty())
    own["foxfire.zookeeper.digest.file"] = digest;
  return own;
}

std::map<std::string, std::string> SparkSettings(const EngineProfile& profile) {
  std::map<std::string, std::string> conf = profile.spark_conf;
  conf["spark.master"] = profile.master;
  // insert() keeps what the profile says.
  conf.insert({"spark.ui.enabled", "false"});
  conf.insert({"spark.sql.catalogImplementation", "in-memory"});
  return conf;
}

std::vector<std::string> JavaOptions(const EngineProfile& profile, const std::string& scratch) {
  std::vector<std::string> options;
  // The JVM refuses to start with two collectors.
  if (!ChoosesCollector(profile.java_options)) options.emplace_back("-XX:+UseSerialGC");
  // A small first heap that gives memory back: 90 MiB less for each idle engine.
  options.insert(options.end(), {"-Xms32m", "-XX:MinHeapFreeRatio=10", "-XX:MaxHeapFreeRatio=20"});
  if (profile.tiered_stop_at_level_1) options.emplace_back("-XX:TieredStopAtLevel=1");
  if (!scratch.empty()) options.push_back("-Djava.io.tmpdir=" + scratch);
  options.insert(options.end(), profile.java_options.begin(), profile.java_options.end());
  return options;
}

std::map<std::string, std::string> EngineEnvironment(const EngineCommandInput& input,
                                                     const std::string& run_as) {
  const EngineProfile& profile = input.profile;
  std::map<std::string, std::string> environment = input.inherited;
  if (input.user != nullptr) {
    environment["HOME"] = input.user->home;
    environment["USER"] = environment["LOGNAME"] = input.user->name;
  }
  if (!input.runtime.spark_home.empty())
    environment["SPARK_HOME"] = input.runtime.spark_home.string();
  if (!input.runtime.java.home.empty()) environment["JAVA_HOME"] = input.runtime.java.home.string();
  environment["PYSPARK_PYTHON"] = OrElse(profile.python, "python3");
  // Keeps the driver's other ports off the network, and Spark from failing where the machine's own
  // name has no address.
  if (profile.master.starts_with("local"))
    environment["SPARK_LOCAL_IP"] = OrElse(profile.bind_address, input.options.bind_address);
  for (const auto& [name, value] : profile.environment) environment[name] = value;
  if (profile.run_as == RunAs::kHadoopUser) environment["HADOOP_USER_NAME"] = run_as;
  return environment;
}

}  // namespace foxfire::launcher
