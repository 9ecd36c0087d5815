#include "engine_launcher/launcher_rules.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "common/log.h"
#include "engine_launcher/engine_properties.h"
#include "engine_launcher/kill_command.h"
#include "engine_launcher/os_user_access.h"
#include "engine_launcher/submit_command.h"
#include "engine_launcher/template_command.h"

namespace foxfire::launcher {
namespace {

tl::unexpected<Error> Wrong(const EngineProfile& profile, std::string_view key,
                            std::string_view what, Code code = Code::kInvalidArgument) {
  return MakeError(code, fmt::format("profile.{}.{}: {}", profile.name, key, what));
}

tl::unexpected<Error> Missing(const EngineProfile& profile, std::string_view key,
                              std::string_view what) {
  return Wrong(profile, key, what, Code::kFailedPrecondition);
}

bool IsYarn(const EngineProfile& profile) {
  return profile.launcher == LauncherKind::kSparkSubmit &&
         ManagerOf(profile.master) == ClusterManager::kYarn;
}

bool IsKubernetes(const EngineProfile& profile) {
  return profile.launcher == LauncherKind::kSparkSubmit &&
         ManagerOf(profile.master) == ClusterManager::kKubernetes;
}

// Keys that only some launchers know: set with another one they would silently do nothing.
Result<void> CheckOthersKeys(const EngineProfile& profile) {
  const bool submits = profile.launcher == LauncherKind::kSparkSubmit;
  const bool commands = profile.launcher == LauncherKind::kCommand;
  if (profile.deploy_mode == DeployMode::kCluster && !submits)
    return Wrong(profile, "deploy_mode", R"("cluster" needs launcher = "spark-submit")");
  if (!profile.queue.empty() && !IsYarn(profile)) {
    return Wrong(profile, "queue",
                 R"(is YARN's; it needs launcher = "spark-submit" and master = "yarn")");
  }
  if (!profile.kubernetes_namespace.empty() && !IsKubernetes(profile)) {
    return Wrong(profile, "kubernetes_namespace",
                 R"(needs launcher = "spark-submit" and a master that begins with "k8s://")");
  }
  if (!profile.engine_jar.empty() && !commands && !IsClusterMode(profile)) {
    return Wrong(profile, "engine_jar",
                 R"(needs deploy_mode = "cluster"; engines of this machine run engine.jar)");
  }
  if (!commands && !(profile.launch_command.empty() && profile.kill_command.empty())) {
    return Wrong(profile, profile.launch_command.empty() ? "kill_command" : "launch_command",
                 R"(needs launcher = "command")");
  }
  if (profile.warm_spares > 0 &&
      !(profile.launcher == LauncherKind::kLocal && profile.run_as == RunAs::kLogin)) {
    return Wrong(profile, "warm_spares",
                 R"(needs launcher = "local" and run_as = "login": a JVM that waits for its owner )"
                 "cannot change its OS user, place or Kerberos login any more; set it to 0");
  }
  return {};
}

Result<void> CheckRunAs(const EngineProfile& profile) {
  const ClusterManager manager = ManagerOf(profile.master);
  if (profile.run_as == RunAs::kProxyUser) {
    if (profile.launcher != LauncherKind::kSparkSubmit)
      return Wrong(profile, "run_as", R"("proxy-user" needs launcher = "spark-submit")");
    if (IsClusterMode(profile) && manager == ClusterManager::kStandalone) {
      return Wrong(profile, "run_as",
                   "\"proxy-user\" does not reach the driver of a standalone cluster; choose "
                   "\"login\", or deploy_mode = \"client\"");
    }
  }
  if (profile.run_as == RunAs::kOsUser && IsClusterMode(profile) &&
      manager != ClusterManager::kYarn) {
    return Wrong(profile, "run_as",
                 "\"os-user\" does not reach the driver of this cluster; choose \"login\", or "
                 "deploy_mode = \"client\"");
  }
  return {};
}

// Settings of Spark that a key of the profile says already, or that name the engine.
Result<void> CheckSubmitConf(const EngineProfile& profile) {
  constexpr const char* kOurs[] = {"spark.yarn.queue", "spark.kubernetes.namespace",
                                   "spark.kubernetes.driver.pod.name",
                                   "spark.driver.defaultJavaOptions"};
  for (const char* const key : kOurs) {
    if (profile.spark_conf.count(key) != 0) {
      return Wrong(profile, "spark_conf",
                   fmt::format("\"{}\" cannot be set; {}", key,
                               RefusalOf(key, ConfSource::kOverProfile).value().cure));
    }
  }
  return {};
}

Result<void> CheckSubmit(const EngineProfile& profile) {
  const ClusterManager manager = ManagerOf(profile.master);
  if (manager == ClusterManager::kUnknown) {
    return Wrong(profile, "master",
                 fmt::format("\"{}\" is no master; write yarn, k8s://https://host:port, "
                             "spark://host:port or local[*]",
                             profile.master));
  }
  if (manager == ClusterManager::kLocal && profile.deploy_mode == DeployMode::kCluster) {
    return Wrong(profile, "deploy_mode",
                 fmt::format("\"cluster\" needs a cluster, and master = \"{}\" is none; set master "
                             "or choose \"client\"",
                             profile.master));
  }
  if (manager == ClusterManager::kKubernetes && IsClusterMode(profile) &&
      profile.engine_jar.empty()) {
    return Wrong(profile, "engine_jar",
                 "not set; say where the engine's jar lies in the driver's image, for example "
                 "local:///opt/foxfire/foxfire-engine.jar");
  }
  for (const std::string& option : profile.java_options) {
    if (option.starts_with("-Xmx")) {
      return Wrong(profile, "java_options",
                   fmt::format("spark-submit does not take \"{}\"; set driver_memory", option));
    }
  }
  return CheckSubmitConf(profile);
}

Result<void> CheckCommand(const EngineProfile& profile) {
  if (profile.launch_command.empty() || profile.launch_command.front().empty()) {
    return Wrong(profile, "launch_command",
                 R"(not set; write program and arguments, for example ["/opt/start-engine", )"
                 R"("{engine_id}", "{properties_file}"])");
  }
  const std::string launch = fmt::format("profile.{}.launch_command", profile.name);
  RETURN_IF_ERROR_CONTEXT(CheckTemplate(profile.launch_command, false), launch);
  const std::string kill = fmt::format("profile.{}.kill_command", profile.name);
  if (!profile.kill_command.empty() && profile.kill_command.front().empty())
    return Wrong(profile, "kill_command", "its first word, the program, is empty");
  RETURN_IF_ERROR_CONTEXT(CheckTemplate(profile.kill_command, true), kill);
  return {};
}

bool IsLoopback(std::string_view host) {
  return host.starts_with("127.") || host == "localhost" || host == "::1" || host == "[::1]";
}

std::string PathOf(const EngineProfile& profile) {
  const auto own = profile.environment.find("PATH");
  return own != profile.environment.end() ? own->second : InheritedEnvironment()["PATH"];
}

Result<void> CheckProgram(const EngineProfile& profile, std::string_view key,
                          const std::string& program) {
  // What a placeholder stands for is known at the launch only.
  if (program.find_first_of("{}") != std::string::npos) return {};
  const auto found = FindProgram(program, PathOf(profile));
  if (!found) return Missing(profile, key, found.error().message + "; install it or mend the name");
  return {};
}

Result<void> CheckClusterMode(const EngineProfile& profile, const LauncherOptions& options) {
  if (profile.advertise_host.empty() && IsLoopback(options.advertise_host)) {
    return Missing(profile, "advertise_host",
                   fmt::format("engines in cluster mode run on other machines, to which "
                               "engine.advertise_host = \"{}\" does not lead; write "
                               "advertise_host = \"auto\" and bind_address = \"0.0.0.0\" in the "
                               "profile (if they all run on this machine: the address itself)",
                               options.advertise_host));
  }
  if (IsKubernetes(profile) && !FindProgram("kubectl", PathOf(profile))) {
    Log("launcher")
        .warn(
            "profile.{}: there is no kubectl on the PATH; `foxfire engine kill` will not be able "
            "to end engines that do not listen; install it",
            profile.name);
  }
  return {};
}

}  // namespace

Result<void> CheckLauncherKeys(const EngineProfile& profile) {
  RETURN_IF_ERROR(CheckOthersKeys(profile));
  RETURN_IF_ERROR(CheckRunAs(profile));
  switch (profile.launcher) {
    case LauncherKind::kLocal:
      break;
    case LauncherKind::kSparkSubmit:
      return CheckSubmit(profile);
    case LauncherKind::kCommand:
      return CheckCommand(profile);
  }
  return {};
}

Result<void> CheckLauncherHere(const EngineProfile& profile, const LauncherOptions& options) {
  if (profile.run_as == RunAs::kOsUser) {
    if (geteuid() != 0) {
      return Missing(profile, "run_as",
                     "\"os-user\" needs foxfired to run as root; start it as root, or choose "
                     "another run_as");
    }
    const std::string key = fmt::format("profile.{}.run_as", profile.name);
    RETURN_IF_ERROR_CONTEXT(OpenFoldersToUsers(options), key);
    for (const Path& path :
         {Path(profile.spark_home) / "jars", Path(profile.java_home) / "bin", options.engine_jar}) {
      if (path.is_absolute()) RETURN_IF_ERROR_CONTEXT(CheckUsersReach(path), key);
    }
  }
  if (profile.launcher == LauncherKind::kSparkSubmit) {
    for (const char* name : {"spark-submit", "spark-class"}) {
      RETURN_IF_ERROR(
          CheckProgram(profile, "spark_home", (Path(profile.spark_home) / "bin" / name).string()));
    }
  }
  if (profile.launcher == LauncherKind::kCommand) {
    RETURN_IF_ERROR(CheckProgram(profile, "launch_command", profile.launch_command.front()));
    if (!profile.kill_command.empty())
      RETURN_IF_ERROR(CheckProgram(profile, "kill_command", profile.kill_command.front()));
  }
  if (IsClusterMode(profile)) RETURN_IF_ERROR(CheckClusterMode(profile, options));
  if (!TakesSecretFile(profile) && options.gateway_public_key.empty()) {
    return MakeError(Code::kInternal,
                     fmt::format("profile.{}: this gateway has no key with which engines could "
                                 "agree on their secret",
                                 profile.name));
  }
  return {};
}

}  // namespace foxfire::launcher
