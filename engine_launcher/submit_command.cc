#include "engine_launcher/submit_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "engine_launcher/engine_properties.h"
#include "engine_launcher/java_properties.h"

namespace foxfire::launcher {
namespace {

using Settings = std::map<std::string, std::string>;

void AddYarn(const EngineId& id, Settings& conf) {
  std::string& tags = conf["spark.yarn.tags"];
  tags = tags.empty() ? YarnTag(id) : YarnTag(id) + "," + tags;
  conf["spark.yarn.submit.waitAppCompletion"] = "false";
  conf["spark.yarn.maxAppAttempts"] = "1";  // a second one would be the same engine once more
}

void AddKubernetes(const EngineProfile& profile, const EngineId& id, Settings& conf) {
  if (!profile.kubernetes_namespace.empty())
    conf["spark.kubernetes.namespace"] = profile.kubernetes_namespace;
  conf[fmt::format("spark.kubernetes.executor.label.{}", kKubernetesLabel)] = id.str();
  // In client mode Spark would look for a pod of that name and fail.
  if (!IsClusterMode(profile)) return;
  conf[fmt::format("spark.kubernetes.driver.label.{}", kKubernetesLabel)] = id.str();
  conf["spark.kubernetes.driver.pod.name"] = "foxfire-" + id.str();
  conf["spark.kubernetes.submission.waitAppCompletion"] = "false";
}

Settings SubmitSettings(const EngineCommandInput& input, const LaunchRequest& request) {
  const EngineProfile& profile = input.profile;
  Settings conf = SparkSettings(profile);
  conf.erase("spark.master");  // --master says it
  conf["spark.driver.memory"] = fmt::format("{}m", profile.driver_memory >> 20);
  if (!profile.class_path.empty())
    conf["spark.driver.extraClassPath"] = fmt::format("{}", fmt::join(profile.class_path, ":"));
  switch (ManagerOf(profile.master)) {
    case ClusterManager::kYarn:
      AddYarn(request.id, conf);
      break;
    case ClusterManager::kKubernetes:
      AddKubernetes(profile, request.id, conf);
      break;
    case ClusterManager::kStandalone:
      conf["spark.standalone.submit.waitAppCompletion"] = "false";
      break;
    case ClusterManager::kLocal:
    case ClusterManager::kUnknown:
      break;
  }
  for (const auto& [key, value] : FoxfireProperties(input, request)) conf["spark." + key] = value;
  return conf;
}

std::string EngineJar(const EngineCommandInput& input) {
  if (!input.profile.engine_jar.empty()) return input.profile.engine_jar;
  std::error_code error;
  return std::filesystem::absolute(input.options.engine_jar, error).string();
}

}  // namespace

ClusterManager ManagerOf(std::string_view master) {
  if (master.starts_with("local")) return ClusterManager::kLocal;
  if (master.starts_with("spark://")) return ClusterManager::kStandalone;
  if (master == "yarn") return ClusterManager::kYarn;
  if (master.starts_with("k8s://")) return ClusterManager::kKubernetes;
  return ClusterManager::kUnknown;
}

std::string YarnTag(const EngineId& id) { return "foxfire-" + id.str(); }

EngineCommand MakeSubmitCommand(const EngineCommandInput& input, const LaunchRequest& request) {
  const EngineProfile& profile = input.profile;
  const bool cluster = IsClusterMode(profile);
  std::vector<std::string> options = {EngineIdArgument(request.id)};
  for (std::string& option :
       JavaOptions(profile, cluster ? std::string() : input.files.scratch.string())) {
    options.push_back(std::move(option));
  }
  EngineCommand command;
  command.argv = {(input.runtime.spark_home / "bin" / "spark-submit").string(),
                  "--properties-file",
                  input.files.properties.string(),
                  "--master",
                  profile.master,
                  "--deploy-mode",
                  cluster ? "cluster" : "client",
                  "--name",
                  "foxfire " + request.key.ToString(),
                  "--class",
                  kMainClass};
  if (!profile.queue.empty() && ManagerOf(profile.master) == ClusterManager::kYarn)
    command.argv.insert(command.argv.end(), {"--queue", profile.queue});
  if (profile.run_as == RunAs::kProxyUser)
    command.argv.insert(command.argv.end(), {"--proxy-user", request.run_as});
  command.argv.insert(command.argv.end(), {"--driver-java-options", JoinJavaOptions(options)});
  command.argv.push_back(EngineJar(input));
  command.environment = EngineEnvironment(input, request.run_as);
  command.properties = JavaProperties(SubmitSettings(input, request));
  return command;
}

std::string JoinJavaOptions(const std::vector<std::string>& options) {
  std::string joined;
  for (const std::string& option : options) {
    if (!joined.empty()) joined += ' ';
    if (option.find_first_of(" \t\n\"'\\") == std::string::npos) {
      joined += option;
      continue;
    }
    joined += '"';
    for (const char c : option) {
      if (c == '"' || c == '\\') joined += '\\';
      joined += c;
    }
    joined += '"';
  }
  return joined;
}

}  // namespace foxfire::launcher
