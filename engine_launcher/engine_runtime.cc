#include "engine_launcher/engine_runtime.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "common/digest.h"
#include "common/encoding.h"

namespace foxfire::launcher {
namespace {

// 64 bits: enough to tell the few Spark homes of a machine apart.
std::string ShortHash(const std::string& text) {
  const Sha256Digest digest = Sha256(text);
  return HexEncode(std::span(digest).first(8));
}

bool IsFullFolder(const Path& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error) && !std::filesystem::is_empty(path, error);
}

std::string JoinPaths(const std::vector<Path>& paths) {
  std::string joined;
  for (const Path& path : paths) joined += (joined.empty() ? "" : ":") + path.string();
  return joined;
}

// Without it `java` would say "class not found", which helps nobody.
Result<void> CheckEngineJar(const Path& jar) {
  std::error_code error;
  if (std::filesystem::is_regular_file(jar, error)) return {};
  return MakeError(
      Code::kFailedPrecondition,
      fmt::format("engine.jar = \"{}\": no such file; set it to the foxfire-engine.jar "
                  "of this installation",
                  jar.string()));
}

}  // namespace

std::string QuoteArgument(const std::string& argument) {
  if (argument.find_first_of(" \t\n\r\f\"'#\\") == std::string::npos) return argument;
  std::string quoted = "\"";
  for (const char c : argument) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

EngineRuntimes::EngineRuntimes(Path engine_jar, Path cache_folder, ProcessSpawner& spawner)
    : engine_jar_(std::move(engine_jar)),
      cache_folder_(std::move(cache_folder)),
      spawner_(spawner) {}

Result<JavaRuntime> EngineRuntimes::FindCheckedJava(const EngineProfile& profile) {
  ASSIGN_OR_RETURN(const Path java, FindJava(profile));
  const std::string description = DescribeFiles({java});
  const auto known = javas_.find(description);
  if (known != javas_.end()) return known->second;
  ASSIGN_OR_RETURN(JavaRuntime runtime, CheckJava(profile, java, spawner_));
  return javas_[description] = std::move(runtime);
}

Result<EngineRuntime> EngineRuntimes::Find(const EngineProfile& profile) {
  const std::string key = fmt::format("profile.{}.spark_home", profile.name);
  ASSIGN_OR_RETURN(const SparkHome home, SparkHome::Open(profile.spark_home, key));
  RETURN_IF_ERROR(CheckEngineJar(engine_jar_));
  EngineRuntime runtime;
  ASSIGN_OR_RETURN(runtime.java, FindCheckedJava(profile));
  runtime.spark_home = home.path();

  std::error_code error;
  std::vector<Path> class_path(profile.class_path.begin(), profile.class_path.end());
  class_path.insert(class_path.end(), home.jars().begin(), home.jars().end());
  class_path.push_back(std::filesystem::absolute(engine_jar_, error));
  runtime.can_archive = std::none_of(class_path.begin(), class_path.end(), IsFullFolder);

  const std::string java = runtime.java.java.string();
  runtime.place = ShortHash(java + '\n' + JoinPaths(class_path));
  const std::string name =
      runtime.place + '-' +
      ShortHash(java + '\n' + runtime.java.vm_version + '\n' + DescribeFiles(class_path));
  const Path cache = std::filesystem::absolute(cache_folder_, error);
  runtime.archive = cache / (name + ".jsa");
  runtime.argument_file = cache / (name + ".args");
  if (!std::filesystem::exists(runtime.argument_file, error))
    RETURN_IF_ERROR(MakeArgumentFile(runtime, home, JoinPaths(class_path)));
  return runtime;
}

Result<void> EngineRuntimes::MakeArgumentFile(const EngineRuntime& runtime, const SparkHome& home,
                                              const std::string& class_path) {
  std::vector<Path> asking = home.JarsNamed({"spark-launcher_"});
  asking.push_back(engine_jar_);
  ASSIGN_OR_RETURN(const std::vector<std::string> options,
                   AskModuleOptions(runtime.java, JoinPaths(asking), spawner_));
  std::string text;
  for (const std::string& option : options) text += QuoteArgument(option) + '\n';
  text += "-cp\n" + QuoteArgument(class_path) + '\n';
  RETURN_IF_ERROR(MakeFolder(runtime.argument_file.parent_path(), 0700));
  return WriteFileAtomically(runtime.argument_file, text, 0600);
}

}  // namespace foxfire::launcher
