#include "engine_launcher/kill_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "engine_launcher/engine_properties.h"
#include "engine_launcher/submit_command.h"
#include "engine_launcher/template_command.h"

namespace foxfire::launcher {
namespace {

std::string VariableOf(const std::map<std::string, std::string>& environment,
                       const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

// As the submission: by REST only if the profile says so, else by the master's own protocol.
Result<std::vector<std::string>> StandaloneKill(const EngineCommandInput& input,
                                                const RemoteEngine& engine) {
  const EngineProfile& profile = input.profile;
  const Path bin = input.runtime.spark_home / "bin";
  if (engine.submission_id.empty()) {
    return MakeError(Code::kAborted,
                     fmt::format("engine {} has told nobody its submission id; take it from the "
                                 "page of {} and end it with {}/spark-class "
                                 "org.apache.spark.deploy.Client kill {} <driver-…>",
                                 engine.id.str(), profile.master, bin.string(), profile.master));
  }
  if (VariableOf(profile.spark_conf, "spark.master.rest.enabled") == "true") {
    return std::vector<std::string>{(bin / "spark-submit").string(), "--master", profile.master,
                                    "--kill", engine.submission_id};
  }
  return std::vector<std::string>{(bin / "spark-class").string(), "org.apache.spark.deploy.Client",
                                  "kill", profile.master, engine.submission_id};
}

std::vector<std::string> YarnKill(const EngineCommandInput& input, const RemoteEngine& engine,
                                  const std::map<std::string, std::string>& environment) {
  std::string class_path;
  for (const char* name : {"HADOOP_CONF_DIR", "YARN_CONF_DIR"}) {
    const std::string folder = VariableOf(environment, name);
    if (!folder.empty()) class_path += folder + ":";
  }
  std::error_code error;
  class_path += (input.runtime.spark_home / "jars" / "*").string() + ":" +
                std::filesystem::absolute(input.options.engine_jar, error).string();
  return {input.runtime.java.java.string(),  "-Xmx256m", "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",         "-cp",      class_path,
          "foxfire.engine.YarnApplications", "kill",     YarnTag(engine.id)};
}

// Where spark-submit put it: kubectl's own context may be another cluster, or another namespace.
std::vector<std::string> KubernetesKill(const EngineProfile& profile, const EngineId& id) {
  constexpr std::string_view kScheme = "k8s://";
  const std::string& space = profile.kubernetes_namespace;
  std::vector<std::string> argv = {"kubectl", "--namespace", space.empty() ? "default" : space,
                                   "--server", profile.master.substr(kScheme.size())};
  const std::string context = VariableOf(profile.spark_conf, "spark.kubernetes.context");
  if (!context.empty()) argv.insert(argv.end(), {"--context", context});
  argv.insert(argv.end(),
              {"delete", "pod", "--selector", fmt::format("{}={}", kKubernetesLabel, id.str()),
               "--ignore-not-found", "--wait=false"});
  return argv;
}

Result<EngineCommand> TemplateKill(const EngineCommandInput& input, const RemoteEngine& engine) {
  const EngineProfile& profile = input.profile;
  if (profile.kill_command.empty()) {
    return MakeError(
        Code::kFailedPrecondition,
        fmt::format("engine {} was started by launch_command of profile.{}, which has no "
                    "kill_command; end it where it runs, and set profile.{}.kill_command",
                    engine.id.str(), profile.name, profile.name));
  }
  auto values = TemplateValues(input, engine.id, engine.key, engine.run_as);
  values[kKillPlaceholder] = engine.submission_id;
  EngineCommand command;
  command.argv = ExpandTemplate(profile.kill_command, values);
  command.environment = EngineEnvironment(input, engine.run_as);
  AddTemplateVariables(values, command.environment);
  return command;
}

tl::unexpected<Error> NoWay(const RemoteEngine& engine) {
  return MakeError(
      Code::kFailedPrecondition,
      fmt::format("engine {} runs on another machine{}, as a process of the gateway that launched "
                  "it; end it there",
                  engine.id.str(),
                  engine.host_name.empty() ? "" : fmt::format(" (host {})", engine.host_name)));
}

}  // namespace

Result<EngineCommand> MakeKillCommand(const EngineCommandInput& input, const RemoteEngine& engine) {
  const EngineProfile& profile = input.profile;
  if (profile.launcher == LauncherKind::kCommand) return TemplateKill(input, engine);
  if (!IsClusterMode(profile)) return NoWay(engine);
  EngineCommand command;
  command.environment = EngineEnvironment(input, engine.run_as);
  // Hadoop's own way to say for whom the login user speaks: killing needs the owner's rights.
  if (profile.run_as == RunAs::kProxyUser) command.environment["HADOOP_PROXY_USER"] = engine.run_as;
  switch (ManagerOf(profile.master)) {
    case ClusterManager::kStandalone: {
      ASSIGN_OR_RETURN(command.argv, StandaloneKill(input, engine));
      return command;
    }
    case ClusterManager::kYarn:
      command.argv = YarnKill(input, engine, command.environment);
      return command;
    case ClusterManager::kKubernetes:
      command.argv = KubernetesKill(profile, engine.id);
      return command;
    case ClusterManager::kLocal:
    case ClusterManager::kUnknown:
      break;
  }
  return NoWay(engine);
}

std::string SubmissionIdIn(std::string_view log) {
  constexpr std::string_view kStart = "driver-";
  const auto digits_at = [log](size_t at, size_t count) {
    const std::string_view part = log.substr(std::min(at, log.size()), count);
    return part.size() == count && std::all_of(part.begin(), part.end(), [](unsigned char c) {
             return std::isdigit(c) != 0;
           });
  };
  for (size_t at = log.find(kStart); at != std::string_view::npos; at = log.find(kStart, at + 1)) {
    size_t end = at + kStart.size() + 14;  // yyyyMMddHHmmss
    if (!digits_at(end - 14, 14) || end >= log.size() || log[end] != '-') continue;
    if (!digits_at(++end, 1)) continue;
    while (digits_at(end, 1)) ++end;
    return std::string(log.substr(at, end - at));
  }
  return "";
}

bool SaysNotFound(const EngineProfile& profile, std::string_view output) {
  if (profile.launcher != LauncherKind::kSparkSubmit) return false;
  const auto says = [output](std::string_view words) {
    return output.find(words) != std::string_view::npos;
  };
  switch (ManagerOf(profile.master)) {
    case ClusterManager::kStandalone:
      // Spark's master (deploy/master/Master.scala), by REST and by its own protocol.
      return says("has already finished or does not exist");
    case ClusterManager::kYarn:
      return says("no application with the tag");  // engine/YarnApplications.java
    case ClusterManager::kKubernetes:
      return says("No resources found");  // kubectl, whatever --ignore-not-found
    case ClusterManager::kLocal:
    case ClusterManager::kUnknown:
      break;
  }
  return false;
}

Result<std::string> FindProgram(const std::string& program, const std::string& path) {
  const auto is_program = [](const Path& file) {
    std::error_code error;
    return std::filesystem::is_regular_file(file, error) && access(file.c_str(), X_OK) == 0;
  };
  if (program.find('/') != std::string::npos) {
    if (is_program(program)) return program;
    return MakeError(Code::kNotFound, fmt::format("there is no program {}", program));
  }
  for (std::string_view rest = path; !rest.empty();) {
    const size_t end = std::min(rest.find(':'), rest.size());
    const Path file = Path(rest.substr(0, end)) / program;
    if (file.is_absolute() && is_program(file)) return file.string();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return MakeError(Code::kNotFound,
                   fmt::format("there is no program \"{}\" on the PATH ({})", program, path));
}

}  // namespace foxfire::launcher
