// The Java that engines run on.
#pragma once

#include <string>
#include <vector>

#include "common/files.h"
#include "common/result.h"
#include "engine_launcher/process_spawner.h"
#include "engine_launcher/profile.h"

namespace foxfire::launcher {

inline constexpr int kJavaVersionMin = 17;  // the class files of Spark 4

// A value type.
struct JavaRuntime {
  Path java;               // the program
  Path home;               // as it says itself
  int version = 0;         // 17, 21, …
  std::string vm_version;  // the exact build
};

// Where `java` is: the profile's java_home, else $JAVA_HOME, else the PATH. FAILED_PRECONDITION
// names the key to mend.
Result<Path> FindJava(const EngineProfile& profile);

// Runs it to see whether it works and is recent enough. Blocks for about 0.1 s.
Result<JavaRuntime> CheckJava(const EngineProfile& profile, const Path& java,
                              ProcessSpawner& spawner);

// Spark's own list of --add-opens and the like for its current JVM, asked from the Spark jars on
// `class_path`, which also holds the engine jar. Blocks for about 0.2 s.
Result<std::vector<std::string>> AskModuleOptions(const JavaRuntime& java,
                                                  const std::string& class_path,
                                                  ProcessSpawner& spawner);

}  // namespace foxfire::launcher
