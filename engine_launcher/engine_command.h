// How an engine is started: argv, environment and properties, from profile, options and request.
// Pure functions: no disk, no environment of this process.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine_launcher/engine_launcher.h"
#include "engine_launcher/engine_runtime.h"
#include "engine_launcher/profile.h"

namespace foxfire::launcher {

// Where an engine's files are. A value type.
struct EngineFiles {
  Path folder;
  Path properties;  // the main class's only argument
  Path secret;      // read and removed by the engine
  Path log;
  Path pid;
  Path scratch;  // java.io.tmpdir and spark.local.dir; removed when the engine has ended
};
EngineFiles EngineFilesIn(const Path& folder);

// A value type. No part of it holds a secret.
struct EngineCommand {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
  std::string properties;
};

struct EngineCommandInput {
  const EngineProfile& profile;
  const LauncherOptions& options;
  const EngineRuntime& runtime;
  const EngineFiles& files;
  // What engines get of this process's environment; see InheritedEnvironment().
  const std::map<std::string, std::string>& inherited;
};

// For a real engine; with the class data archive if `use_archive`.
EngineCommand MakeEngineCommand(const EngineCommandInput& input, const LaunchRequest& request,
                                bool use_archive);

// For a run that never registers and leaves a class data archive in `archive`.
EngineCommand MakeTrainingCommand(const EngineCommandInput& input, const EngineId& id,
                                  const Path& archive);

// HOME, PATH, TZ and the like of this process; nothing that could hold a secret.
std::map<std::string, std::string> InheritedEnvironment();

// The argument by which a process is known to be this engine.
std::string EngineIdArgument(const EngineId& id);

}  // namespace foxfire::launcher
