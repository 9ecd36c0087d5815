// What a profile's engines run on, found and checked: Spark home, Java, class path.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine_launcher/java_runtime.h"
#include "engine_launcher/profile.h"
#include "engine_launcher/spark_home.h"

namespace foxfire::launcher {

// A value type.
struct EngineRuntime {
  Path spark_home;
  JavaRuntime java;
  // Module options and class path for java's @file. Long lists stay off the command line, and
  // training and launches spell the class path alike, as the archive demands.
  Path argument_file;
  // Where the class data archive of exactly these jars and this Java is, once it is made. Archives
  // of one `place` replace each other.
  Path archive;
  std::string place;
  bool can_archive = true;
};

// Finds them; remembers what is slow to find. Confined to one thread.
class EngineRuntimes {
 public:
  // `spawner` is borrowed and must outlive this.
  EngineRuntimes(Path engine_jar, Path cache_folder, ProcessSpawner& spawner);

  // The first call for a Spark home or a Java starts short Java programs (0.3 s); later ones only
  // look whether the files are still the same (1 ms). Errors name the config key and the cure.
  Result<EngineRuntime> Find(const EngineProfile& profile);

 private:
  Result<JavaRuntime> FindCheckedJava(const EngineProfile& profile);
  Result<void> MakeArgumentFile(const EngineRuntime& runtime, const SparkHome& home,
                                const std::string& class_path);

  const Path engine_jar_;
  const Path cache_folder_;
  ProcessSpawner& spawner_;
  std::map<std::string, JavaRuntime> javas_;  // by DescribeFiles of the program
};

// For java's @files: quoted if needed.
std::string QuoteArgument(const std::string& argument);

}  // namespace foxfire::launcher
