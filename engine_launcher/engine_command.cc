#include "engine_launcher/engine_command.h"

#include <fmt/format.h>

#include <cstdlib>

#include "common/engine_key.h"
#include "engine_launcher/engine_properties.h"
#include "engine_launcher/java_properties.h"

namespace foxfire::launcher {
namespace {

// `cds`: the option that makes or uses an archive; may be empty.
std::vector<std::string> MakeArgv(const EngineCommandInput& input, const EngineId& id,
                                  const std::string& cds) {
  std::vector<std::string> argv = {input.runtime.java.java.string(),
                                   "@" + input.runtime.argument_file.string()};
  if (!cds.empty()) argv.push_back(cds);
  argv.push_back(fmt::format("-Xmx{}m", input.profile.driver_memory >> 20));
  const std::vector<std::string> options = JavaOptions(input.profile, input.files.scratch.string());
  argv.insert(argv.end(), options.begin(), options.end());
  argv.push_back(EngineIdArgument(id));
  argv.emplace_back(kMainClass);
  argv.push_back(input.files.properties.string());
  return argv;
}

std::map<std::string, std::string> SparkProperties(const EngineCommandInput& input,
                                                   const std::string& application) {
  std::map<std::string, std::string> conf = SparkSettings(input.profile);
  // insert() keeps what the profile says.
  conf.insert({"spark.app.name", application});
  conf.insert({"spark.local.dir", input.files.scratch.string()});
  return conf;
}

std::string UseArchive(const EngineCommandInput& input, bool use_archive) {
  return use_archive ? "-XX:SharedArchiveFile=" + input.runtime.archive.string() : "";
}

EngineCommand MakeCommand(const EngineCommandInput& input, const LaunchRequest& request,
                          const std::string& cds,
                          const std::map<std::string, std::string>& properties) {
  EngineCommand command;
  command.argv = MakeArgv(input, request.id, cds);
  command.environment = EngineEnvironment(input, request.run_as);
  command.properties = JavaProperties(properties);
  return command;
}

}  // namespace

EngineFiles EngineFilesIn(const Path& folder) {
  EngineFiles files;
  files.folder = folder;
  files.work = folder;
  files.properties = folder / "engine.properties";
  files.submit_properties = folder / "submit.properties";
  files.secret = folder / "secret";
  files.log = folder / "engine.log";
  files.kill_log = folder / "kill.log";
  files.pid = folder / "pid";
  files.scratch = folder / "tmp";
  return files;
}

EngineFiles EngineFilesForUser(const Path& folder) {
  EngineFiles files = EngineFilesIn(folder);
  files.work = folder / "work";
  files.secret = files.work / "secret";
  files.digest = files.work / "zookeeper.digest";
  return files;
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
  std::map<std::string, std::string> properties = FoxfireProperties(input, request);
  properties.merge(SparkProperties(input, "foxfire " + request.key.ToString()));
  return MakeCommand(input, request, UseArchive(input, use_archive), properties);
}

EngineCommand MakeSpareCommand(const EngineCommandInput& input, const LaunchRequest& request,
                               bool use_archive) {
  std::map<std::string, std::string> properties = FoxfireProperties(input, request);
  properties["foxfire.spare"] = "true";
  properties["foxfire.report.load"] = "true";  // it may become one of a pool
  properties.erase("foxfire.engine.key");
  properties.erase("foxfire.engine.run.as");
  properties.merge(SparkProperties(input, "foxfire spare"));
  return MakeCommand(input, request, UseArchive(input, use_archive), properties);
}

EngineCommand MakeTrainingCommand(const EngineCommandInput& input, const EngineId& id,
                                  const Path& archive) {
  LaunchRequest request;
  request.id = id;
  request.key = {ShareLevel::kServer, "training", input.profile.name, "default"};
  request.run_as = "training";
  std::map<std::string, std::string> properties = FoxfireProperties(input, request);
  properties["foxfire.train"] = "true";
  // It never connects, and what it works as is none of the profile's business.
  properties.erase("foxfire.zookeeper.digest.file");
  properties.erase("foxfire.identity");
  properties.merge(SparkProperties(input, "foxfire training"));
  return MakeCommand(input, request, "-XX:ArchiveClassesAtExit=" + archive.string(), properties);
}

}  // namespace foxfire::launcher
