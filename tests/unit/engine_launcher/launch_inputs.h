// What the commands of launches are made of, without a disk; and a text of what comes out.
#pragma once

#include <map>
#include <string>

#include "common/engine_key.h"
#include "engine_launcher/engine_command.h"

namespace foxfire::launcher {

struct LaunchInputs {
  LaunchInputs() {
    profile.name = "etl";
    profile.python = "/venv/bin/python";
    profile.launcher = LauncherKind::kSparkSubmit;
    runtime.spark_home = "/spark";
    runtime.java.java = "/java/bin/java";
    runtime.java.home = "/java";
    runtime.argument_file = "/cache/x.args";
    options.engine_jar = "/opt/foxfire/foxfire-engine.jar";
    options.gateway_public_key = "eyBXyql-9OVlysVNlqWXKGP7hXAbGwHBD6FC7_KBAjg";
    options.zookeeper_connect = "zk:2181";
    request.id = EngineId("0a0b0c0d-0000-4000-8000-000000000001");
    request.key.owner = "alice";
    request.key.profile = "etl";
    request.run_as = "alice";
    request.secret = Secret("top-secret");
    engine = {request.id, request.key, request.run_as, ""};
  }

  EngineCommandInput Input() const {
    return {profile, options, runtime, files, inherited, user.name.empty() ? nullptr : &user};
  }

  EngineProfile profile;
  LauncherOptions options;
  EngineRuntime runtime;
  EngineFiles files = EngineFilesIn("/state/e");
  std::map<std::string, std::string> inherited = {{"HOME", "/home/foxfire"}, {"PATH", "/bin"}};
  LaunchRequest request;
  RemoteEngine engine;
  OsUser user;  // none while it has no name
};

// All of a command, one thing a line, the machine's name replaced.
inline std::string Described(const EngineCommand& command) {
  std::string text = "# argv\n";
  for (const std::string& word : command.argv) text += word + "\n";
  text += "\n# environment\n";
  for (const auto& [name, value] : command.environment) text.append(name + "=" + value + "\n");
  text += "\n# properties\n" + command.properties;
  if (!command.submit_properties.empty())
    text += "\n# properties for spark-submit\n" + command.submit_properties;
  const std::string host = "host.name=" + HostName() + "\n";
  for (size_t at = text.find(host); at != std::string::npos; at = text.find(host, at + 1))
    text.replace(at, host.size(), "host.name=<host>\n");
  return text;
}

}  // namespace foxfire::launcher
