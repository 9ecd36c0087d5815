#include "engine_launcher/engine_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "common/engine_key.h"
#include "engine_launcher/java_properties.h"

namespace foxfire::launcher {
namespace {

constexpr const char* kMainClass = "foxfire.engine.EngineMain";

int64_t Millis(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

bool ChoosesCollector(const std::vector<std::string>& options) {
  return std::any_of(options.begin(), options.end(), [](const std::string& option) {
    return option.starts_with("-XX:+Use") && option.ends_with("GC");
  });
}

// `cds`: the option that makes or uses an archive; may be empty.
std::vector<std::string> MakeArgv(const EngineCommandInput& input, const EngineId& id,
                                  const std::string& cds) {
  const EngineProfile& profile = input.profile;
  std::vector<std::string> argv = {input.runtime.java.java.string(),
                                   "@" + input.runtime.argument_file.string()};
  if (!cds.empty()) argv.push_back(cds);
  // The JVM refuses to start with two collectors.
  if (!ChoosesCollector(profile.java_options)) argv.emplace_back("-XX:+UseSerialGC");
  // A small first heap that gives memory back: 90 MiB less for each idle engine.
  argv.insert(argv.end(), {"-Xms32m", fmt::format("-Xmx{}m", profile.driver_memory >> 20),
                           "-XX:MinHeapFreeRatio=10", "-XX:MaxHeapFreeRatio=20"});
  if (profile.tiered_stop_at_level_1) argv.emplace_back("-XX:TieredStopAtLevel=1");
  argv.push_back("-Djava.io.tmpdir=" + input.files.scratch.string());
  argv.insert(argv.end(), profile.java_options.begin(), profile.java_options.end());
  argv.push_back(EngineIdArgument(id));
  argv.emplace_back(kMainClass);
  argv.push_back(input.files.properties.string());
  return argv;
}

bool IsLocalMaster(const EngineProfile& profile) {
  const auto master = profile.spark_conf.find("spark.master");
  return master == profile.spark_conf.end() || master->second.starts_with("local");
}

std::map<std::string, std::string> MakeEnvironment(const EngineCommandInput& input) {
  std::map<std::string, std::string> environment = input.inherited;
  environment["SPARK_HOME"] = input.runtime.spark_home.string();
  environment["JAVA_HOME"] = input.runtime.java.home.string();
  environment["PYSPARK_PYTHON"] = input.profile.python.empty() ? "python3" : input.profile.python;
  // Keeps the driver's other ports off the network, and Spark from failing where the machine's own
  // name has no address.
  if (IsLocalMaster(input.profile)) environment["SPARK_LOCAL_IP"] = input.options.bind_address;
  for (const auto& [name, value] : input.profile.environment) environment[name] = value;
  return environment;
}

std::map<std::string, std::string> SparkProperties(const EngineCommandInput& input,
                                                   const std::string& application) {
  std::map<std::string, std::string> conf = input.profile.spark_conf;
  // insert() keeps what the profile says.
  conf.insert({"spark.master", "local[*]"});
  conf.insert({"spark.app.name", application});
  conf.insert({"spark.ui.enabled", "false"});
  conf.insert({"spark.sql.catalogImplementation", "in-memory"});
  conf.insert({"spark.local.dir", input.files.scratch.string()});
  return conf;
}

std::map<std::string, std::string> OwnProperties(const EngineCommandInput& input) {
  const LauncherOptions& options = input.options;
  std::map<std::string, std::string> own = {
      {"foxfire.secret.file", input.files.secret.string()},
      {"foxfire.zookeeper.connect", options.zookeeper_connect},
      {"foxfire.zookeeper.root", options.zookeeper_root},
      {"foxfire.zookeeper.session.timeout.ms",
       std::to_string(Millis(options.zookeeper_session_timeout))},
      {"foxfire.zookeeper.lost.ms", std::to_string(Millis(options.zookeeper_lost))},
      {"foxfire.idle.ms", std::to_string(Millis(options.idle_timeout))},
      {"foxfire.max.lifetime.ms", std::to_string(Millis(options.max_lifetime))},
      {"foxfire.drain.grace.ms", std::to_string(Millis(options.drain_grace))},
      {"foxfire.bind.address", options.bind_address},
      {"foxfire.advertise.host", options.advertise_host},
      {"foxfire.host.name", HostName()},
  };
  if (!options.zookeeper_digest_file.empty())
    own["foxfire.zookeeper.digest.file"] = options.zookeeper_digest_file;
  return own;
}

}  // namespace

EngineFiles EngineFilesIn(const Path& folder) {
  return {folder,
          folder / "engine.properties",
          folder / "secret",
          folder / "engine.log",
          folder / "pid",
          folder / "tmp"};
}

std::string EngineIdArgument(const EngineId& id) { return "-Dfoxfire.engine.id=" + id.str(); }

std::map<std::string, std::string> InheritedEnvironment() {
  std::map<std::string, std::string> inherited = {
      {"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"LANG", "C.UTF-8"}, {"HOME", "/"}};
  for (const char* name : {"PATH", "LANG", "LC_ALL", "HOME", "USER", "LOGNAME", "TZ"}) {
    if (const char* value = std::getenv(name)) inherited[name] = value;
  }
  return inherited;
}

EngineCommand MakeEngineCommand(const EngineCommandInput& input, const LaunchRequest& request,
                                bool use_archive) {
  const std::string cds =
      use_archive ? "-XX:SharedArchiveFile=" + input.runtime.archive.string() : "";
  std::map<std::string, std::string> properties = OwnProperties(input);
  properties["foxfire.engine.id"] = request.id.str();
  properties["foxfire.engine.key"] = request.key.ToString();
  properties["foxfire.engine.run.as"] = request.run_as;
  properties.merge(SparkProperties(input, "foxfire " + request.key.ToString()));
  return {MakeArgv(input, request.id, cds), MakeEnvironment(input), JavaProperties(properties)};
}

EngineCommand MakeTrainingCommand(const EngineCommandInput& input, const EngineId& id,
                                  const Path& archive) {
  std::map<std::string, std::string> properties = OwnProperties(input);
  properties["foxfire.engine.id"] = id.str();
  properties["foxfire.engine.key"] =
      EngineKey{ShareLevel::kServer, "training", input.profile.name, "default"}.ToString();
  properties["foxfire.engine.run.as"] = "training";
  properties["foxfire.train"] = "true";
  properties.erase("foxfire.zookeeper.digest.file");  // it never connects
  properties.merge(SparkProperties(input, "foxfire training"));
  return {MakeArgv(input, id, "-XX:ArchiveClassesAtExit=" + archive.string()),
          MakeEnvironment(input), JavaProperties(properties)};
}

}  // namespace foxfire::launcher
