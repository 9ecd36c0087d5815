#include "engine_launcher/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string_view>
#include <utility>

#include "common/units.h"
#include "engine_launcher/launcher_rules.h"

namespace foxfire::launcher {
namespace {

tl::unexpected<Error> Wrong(const EngineProfile& profile, std::string_view key,
                            std::string_view what) {
  return MakeError(Code::kInvalidArgument,
                   fmt::format("profile.{}.{}: {}", profile.name, key, what));
}

constexpr std::string_view kOurs = "Foxfire sets this itself";
constexpr std::string_view kPlace = "the profile says where engines run";
constexpr std::string_view kStart = "the profile says how engines start";
constexpr std::string_view kInProfile = "set it in the profile's spark_conf instead";

struct SettingRule {
  std::string_view setting;  // with a dot at its end: everything below
  std::string_view why;
  std::string_view cure;
  bool in_profiles;  // refused there, too
};

// The first that fits counts.
constexpr SettingRule kRules[] = {
    // Ours among Spark's (docs/engine-contract.md).
    {"spark.foxfire.", kOurs, "remove it", true},
    {"spark.connect.authenticate.", kOurs, "remove it: each engine gets a secret of its own", true},
    {"spark.connect.grpc.binding.address", kOurs, "set engine.bind_address instead", true},
    {"spark.connect.grpc.binding.", kOurs, "remove it: engines choose a free port", true},
    {"spark.driver.memory", kOurs, "set driver_memory instead", true},
    {"spark.driver.extraJavaOptions", kOurs, "set the profile's java_options instead", true},
    {"spark.driver.extraClassPath", kOurs, "set the profile's class_path instead", true},
    {"spark.driver.defaultJavaOptions", kStart, "set the profile's java_options instead", false},
    {"spark.driver.extraLibraryPath", kStart, kInProfile, false},
    {"spark.submit.deployMode", kOurs, "set the profile's deploy_mode instead", true},
    {"spark.submit.", kStart, kInProfile, false},
    {"spark.master", kOurs, "set the profile's master instead", true},
    {"spark.yarn.queue", kPlace, "set queue instead", false},
    {"spark.master.rest.enabled", kPlace, kInProfile, false},
    {"spark.kubernetes.context", kPlace, kInProfile, false},
    {"spark.kubernetes.namespace", kPlace, "set the profile's kubernetes_namespace instead", false},
    {"spark.kubernetes.driver.pod.name", kOurs, "remove it: pods are named after their engines",
     false},
};

constexpr std::string_view kFetched[] = {"spark.jars.packages", "spark.jars.excludes",
                                         "spark.jars.repositories", "spark.jars.ivySettings"};

bool SameButCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [lower](char x, char y) {
           return lower(x) == lower(y);
         });
}

Result<void> CheckSparkConf(const EngineProfile& profile) {
  for (const auto& [key, value] : profile.spark_conf) {
    if (!key.starts_with("spark.")) {
      return Wrong(profile, "spark_conf",
                   fmt::format("\"{}\" does not begin with \"spark.\"; for Hadoop's settings write "
                               "\"spark.hadoop.{}\"",
                               key, key));
    }
    if (const auto refusal = RefusalOf(key, ConfSource::kProfile)) {
      return Wrong(profile, "spark_conf",
                   fmt::format("\"{}\" cannot be set: {}; {}", key, refusal->why, refusal->cure));
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

EngineProfile WithOverrides(EngineProfile profile, const EngineOverrides& overrides) {
  profile.driver_memory = overrides.driver_memory.value_or(profile.driver_memory);
  if (!overrides.queue.empty()) profile.queue = overrides.queue;
  for (const auto& [name, value] : overrides.environment) profile.environment[name] = value;
  return profile;
}

std::optional<ConfRefusal> RefusalOf(std::string_view setting, ConfSource source) {
  for (const SettingRule& rule : kRules) {
    if (source == ConfSource::kProfile && !rule.in_profiles) continue;
    const bool is_prefix = rule.setting.ends_with('.');
    if (SameButCase(rule.setting, is_prefix ? setting.substr(0, rule.setting.size()) : setting))
      return ConfRefusal{rule.why, rule.cure};
  }
  return std::nullopt;
}

bool IsFetchedBySubmit(std::string_view setting) {
  return std::any_of(std::begin(kFetched), std::end(kFetched),
                     [setting](std::string_view name) { return SameButCase(name, setting); });
}

Result<void> CheckRequestedConf(const EngineProfile& profile,
                                const std::map<std::string, std::string>& conf) {
  const auto refuse = [](const std::string& key, std::string_view why) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("\"{}\" cannot be asked for: {}", key, why));
  };
  for (const auto& [key, value] : conf) {
    if (!key.starts_with("spark.")) return refuse(key, "it does not begin with \"spark.\"");
    if (const auto refusal = RefusalOf(key, ConfSource::kOverProfile))
      return refuse(key, refusal->why);
    if (profile.launcher == LauncherKind::kLocal && IsFetchedBySubmit(key)) {
      return refuse(key,
                    fmt::format("launcher \"local\", that of the profile \"{}\", fetches no "
                                "packages; take a profile with launcher = \"spark-submit\", or "
                                "name the jars in the profile's class_path",
                                profile.name));
    }
  }
  return {};
}

Result<void> CheckProfile(const EngineProfile& profile) {
  if (profile.spark_home.empty() && profile.launcher != LauncherKind::kCommand) {
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
  RETURN_IF_ERROR(CheckEnvironment(profile));
  return CheckLauncherKeys(profile);
}

}  // namespace foxfire::launcher
