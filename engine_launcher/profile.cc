#include "engine_launcher/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/units.h"

namespace foxfire::launcher {
namespace {

tl::unexpected<Error> Wrong(const EngineProfile& profile, std::string_view key,
                            std::string_view what) {
  return MakeError(Code::kInvalidArgument,
                   fmt::format("profile.{}.{}: {}", profile.name, key, what));
}

// Settings that have no effect, or a bad one, in an engine that java starts directly.
constexpr std::pair<std::string_view, std::string_view> kMisplaced[] = {
    {"spark.driver.memory", "set driver_memory of the profile instead"},
    {"spark.driver.extraJavaOptions", "set java_options of the profile instead"},
    {"spark.driver.extraClassPath", "set class_path of the profile instead"},
    {"spark.submit.deployMode", "leave it out: engines run on the gateway's machine"},
    {"spark.connect.authenticate.token", "leave it out: each engine gets a secret of its own"},
    {"spark.connect.grpc.binding.port", "leave it out: each engine takes a free port"},
    {"spark.connect.grpc.binding.address", "set engine.bind_address instead"},
};

Result<void> CheckSparkConf(const EngineProfile& profile) {
  for (const auto& [key, value] : profile.spark_conf) {
    if (!key.starts_with("spark.")) {
      return Wrong(profile, "spark_conf",
                   fmt::format("\"{}\" does not begin with \"spark.\"; for Hadoop's settings write "
                               "\"spark.hadoop.{}\"",
                               key, key));
    }
    for (const auto& [misplaced, cure] : kMisplaced) {
      if (key == misplaced) {
        return Wrong(profile, "spark_conf", fmt::format("\"{}\" cannot be set; {}", key, cure));
      }
    }
  }
  return {};
}

Result<void> CheckEnvironment(const EngineProfile& profile) {
  for (const auto& [name, value] : profile.environment) {
    if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos)
      return Wrong(profile, "environment", fmt::format("\"{}\" is no variable's name", name));
    if (value.find('\0') != std::string::npos)
      return Wrong(profile, "environment", fmt::format("the value of {} holds a NUL byte", name));
    if (name == "SPARK_CONNECT_AUTHENTICATE_TOKEN") {
      return Wrong(profile, "environment",
                   fmt::format("{} cannot be set: each engine gets a secret of its own", name));
    }
  }
  return {};
}

}  // namespace

Result<void> CheckProfile(const EngineProfile& profile) {
  if (profile.spark_home.empty()) {
    return Wrong(profile, "spark_home",
                 "not set; write the folder that holds Spark's jars folder, for example what "
                 "`python3 -c 'import pyspark; print(pyspark.__path__[0])'` prints");
  }
  if (profile.driver_memory < kDriverMemoryMin) {
    return Wrong(profile, "driver_memory",
                 fmt::format("{} is too little for Spark; write {} or more",
                             FormatSize(profile.driver_memory), FormatSize(kDriverMemoryMin)));
  }
  for (const std::string& option : profile.java_options) {
    if (!option.starts_with("-") || option.find('\0') != std::string::npos)
      return Wrong(profile, "java_options", fmt::format("\"{}\" is no option of java", option));
  }
  for (const std::string& entry : profile.class_path) {
    if (entry.empty() || entry.find_first_of(std::string_view(":\0", 2)) != std::string::npos)
      return Wrong(profile, "class_path", fmt::format("\"{}\" is not one path", entry));
  }
  RETURN_IF_ERROR(CheckSparkConf(profile));
  return CheckEnvironment(profile);
}

}  // namespace foxfire::launcher
