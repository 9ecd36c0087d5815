#include "engine_launcher/java_runtime.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <string_view>

#include "engine_launcher/command_output.h"

namespace foxfire::launcher {
namespace {

// Generous: a machine that is busy with launches is slow.
constexpr Duration kCommandTimeout = std::chrono::seconds(60);
constexpr std::string_view kCure =
    "set it to the home of a Java 17 or later, for example "
    "/usr/lib/jvm/java-17-openjdk-amd64 (Debian: apt install openjdk-17-jre-headless)";

tl::unexpected<Error> Unusable(const EngineProfile& profile, std::string_view what) {
  return MakeError(Code::kFailedPrecondition,
                   fmt::format("profile.{}.java_home: {}; {}", profile.name, what, kCure));
}

bool IsProgram(const Path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The value of "    name = value" in what -XshowSettings:properties prints.
std::string Setting(std::string_view text, std::string_view name) {
  const std::string start = fmt::format(" {} = ", name);
  const size_t at = text.find(start);
  if (at == std::string_view::npos) return "";
  text.remove_prefix(at + start.size());
  return std::string(text.substr(0, text.find('\n')));
}

// "17", or "1.8" before Java 9.
int FeatureVersion(std::string_view text) {
  if (text.starts_with("1.")) text.remove_prefix(2);
  int version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

Result<Path> FindJava(const EngineProfile& profile) {
  if (!profile.java_home.empty()) {
    const Path java = Path(profile.java_home) / "bin" / "java";
    if (IsProgram(java)) return java;
    return Unusable(profile, fmt::format("there is no program {}", java.string()));
  }
  const std::string home = Variable("JAVA_HOME");
  if (!home.empty()) {
    const Path java = Path(home) / "bin" / "java";
    if (IsProgram(java)) return java;
    return Unusable(profile, fmt::format("it is not set and JAVA_HOME={} holds no bin/java", home));
  }
  const std::string folders = Variable("PATH");
  for (std::string_view rest = folders; !rest.empty();) {
    const size_t end = std::min(rest.find(':'), rest.size());
    const Path java = Path(rest.substr(0, end)) / "java";
    if (java.is_absolute() && IsProgram(java)) return java;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return Unusable(profile, "it is not set and there is no java on the PATH");
}

Result<JavaRuntime> CheckJava(const EngineProfile& profile, const Path& java,
                              ProcessSpawner& spawner) {
  ProcessSpec spec;
  spec.argv = {java.string(), "-XshowSettings:properties", "-version"};
  spec.environment = {{"LANG", "C.UTF-8"}};
  const auto output = RunCommand(spawner, spec, kCommandTimeout);
  if (!output) return Unusable(profile, output.error().message);
  JavaRuntime runtime;
  runtime.java = java;
  runtime.home = Setting(output->text, "java.home");
  runtime.version = FeatureVersion(Setting(output->text, "java.specification.version"));
  runtime.vm_version = Setting(output->text, "java.vm.version");
  if (!output->end.succeeded() || runtime.version == 0) {
    return Unusable(profile, fmt::format("{} does not work ({}: {})", java.string(),
                                         output->end.ToString(), FirstLine(output->text)));
  }
  if (runtime.version < kJavaVersionMin)
    return Unusable(profile, fmt::format("{} is Java {}", java.string(), runtime.version));
  return runtime;
}

Result<std::vector<std::string>> AskModuleOptions(const JavaRuntime& java,
                                                  const std::string& class_path,
                                                  ProcessSpawner& spawner) {
  ProcessSpec spec;
  spec.argv = {java.java.string(),
               "-XX:+UseSerialGC",
               "-XX:TieredStopAtLevel=1",
               "-cp",
               class_path,
               "foxfire.engine.ModuleOptions"};
  spec.environment = {{"LANG", "C.UTF-8"}};
  ASSIGN_OR_RETURN(const CommandOutput output, RunCommand(spawner, spec, kCommandTimeout));
  if (!output.end.succeeded()) {
    return MakeError(Code::kFailedPrecondition,
                     fmt::format("asking Spark for its module options: {}: {}",
                                 output.end.ToString(), FirstLine(output.text)));
  }
  std::vector<std::string> options;
  for (std::string_view rest = output.text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    // A JVM may print warnings too.
    if (rest.starts_with('-')) options.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return options;
}

}  // namespace foxfire::launcher
