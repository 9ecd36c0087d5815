// How an engine is started: argv, environment and properties, from profile, options and request.
// Pure functions: no disk, no environment of this process.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine_launcher/engine_launcher.h"
#include "engine_launcher/engine_runtime.h"
#include "engine_launcher/os_user.h"
#include "engine_launcher/profile.h"

namespace foxfire::launcher {

// Where an engine's files are. A value type.
struct EngineFiles {
  Path folder;
  Path work;               // the process's working folder
  Path properties;         // the main class's only argument, or spark-submit's --properties-file
  Path submit_properties;  // LauncherKind::kCommand: the same for spark-submit
  Path secret;             // read and removed by the engine
  Path digest;             // empty, or a copy of the digest that the engine can read
  Path log;
  Path kill_log;  // of the command that ends it elsewhere
  Path pid;
  Path scratch;  // java.io.tmpdir and spark.local.dir; removed when the engine has ended
};
EngineFiles EngineFilesIn(const Path& folder);
// For an engine that runs as another OS user. All that the user may write to is in two folders of
// its own, `work` and `scratch`: this process, which is root, would follow links that lie
// elsewhere.
EngineFiles EngineFilesForUser(const Path& folder);

// A value type. No part of it holds a secret.
struct EngineCommand {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
  std::string properties;
  std::string submit_properties = {};  // empty: there is no such file
};

struct EngineCommandInput {
  const EngineProfile& profile;
  const LauncherOptions& options;
  const EngineRuntime& runtime;
  const EngineFiles& files;
  // What engines get of this process's environment; see InheritedEnvironment().
  const std::map<std::string, std::string>& inherited;
  const OsUser* user = nullptr;  // whom the process runs as; null: as this one
};

// For a real engine; with the class data archive if `use_archive`.
EngineCommand MakeEngineCommand(const EngineCommandInput& input, const LaunchRequest& request,
                                bool use_archive);

// For one that waits for an owner; of the request only id and key.profile count.
EngineCommand MakeSpareCommand(const EngineCommandInput& input, const LaunchRequest& request,
                               bool use_archive);

// For a run that never registers and leaves a class data archive in `archive`.
EngineCommand MakeTrainingCommand(const EngineCommandInput& input, const EngineId& id,
                                  const Path& archive);

// HOME, PATH, TZ and the like of this process; nothing that could hold a secret.
std::map<std::string, std::string> InheritedEnvironment();

// The argument by which a process is known to be this engine; spark-submit's scripts have it within
// another one.
std::string EngineIdArgument(const EngineId& id);

}  // namespace foxfire::launcher
