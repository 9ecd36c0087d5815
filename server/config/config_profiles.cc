// Whether profiles, and what groups and users have otherwise, make sense.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <tuple>
#include <vector>

#include "common/units.h"
#include "server/config/config_checks.h"

namespace foxfire::server {
namespace {

using launcher::ConfSource;
using launcher::DeployMode;
using launcher::LauncherKind;
using launcher::RunAs;

constexpr std::string_view kAuto = "auto";  // the driver finds its own address

bool IsVariableName(const std::string& name) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return c < 0x80 && (std::isalnum(c) != 0 || c == '_');
         });
}

bool HasLineBreak(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == '\n' || c == '\r' || c == '\0'; });
}

struct Reserved {
  std::string_view name;
  std::string_view instead;
};

const Reserved* FindReserved(std::string_view name, const std::vector<Reserved>& table) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Reserved& entry) { return entry.name == name; });
  return found == table.end() ? nullptr : &*found;
}

const std::vector<Reserved>& ReservedVariables() {
  static const std::vector<Reserved> table = {
      {"SPARK_HOME", "set the profile's spark_home instead"},
      {"JAVA_HOME", "set the profile's java_home instead"},
      {"PYSPARK_PYTHON", "set the profile's python instead"},
      {"SPARK_CONNECT_AUTHENTICATE_TOKEN", "remove it: each engine gets a secret of its own"},
  };
  return table;
}

// What a profile inherits is checked there.
StringMap OwnEntries(const StringMap& entries, const StringMap& inherited) {
  StringMap own;
  for (const auto& [name, value] : entries) {
    const auto found = inherited.find(name);
    if (found == inherited.end() || found->second != value) own.emplace(name, value);
  }
  return own;
}

void CheckSparkConf(const Checkup& check, const std::string& section, const StringMap& conf,
                    ConfSource source) {
  for (const auto& [name, value] : conf) {
    const std::string key = section + ".spark_conf." + name;
    if (name.rfind("spark.", 0) != 0)
      check.Fail(key, "not a Spark setting", "write a name that begins with spark.");
    else if (const auto refusal = launcher::RefusalOf(name, source))
      check.Fail(key, std::string(refusal->why), std::string(refusal->cure));
    if (HasLineBreak(name) || HasLineBreak(value))
      check.Fail(key, "holds a line break", "write it on one line");
  }
}

void CheckEnvironment(const Checkup& check, const std::string& section,
                      const StringMap& variables) {
  for (const auto& [name, value] : variables) {
    const std::string key = section + ".environment." + name;
    if (!IsVariableName(name))
      check.Fail(key, "not the name of an environment variable", "use A-Z a-z 0-9 _");
    else if (const Reserved* reserved = FindReserved(name, ReservedVariables()))
      check.Fail(key, "Foxfire sets this itself", std::string(reserved->instead));
    if (value.find('\0') != std::string::npos) check.Fail(key, "holds a zero byte", "remove it");
  }
}

// How a profile's engines are started: what has to fit together. The launcher knows more rules,
// and says them when foxfired starts (engine_launcher/launcher_rules.cc).
auto LaunchOf(const ProfileConfig& profile) {
  return std::tie(profile.launcher, profile.master, profile.deploy_mode, profile.run_as,
                  profile.launch_command, profile.warm_spares);
}

void CheckLaunch(const Checkup& check, const std::string& section, const ProfileConfig& profile) {
  const bool is_local = profile.launcher == LauncherKind::kLocal;
  const bool on_cluster = profile.deploy_mode == DeployMode::kCluster;
  if (profile.master.empty())
    check.Fail(section + ".master", "empty", "write one such as \"local[*]\"");
  if (profile.launcher == LauncherKind::kCommand && profile.launch_command.empty())
    check.Fail(section + ".launch_command", "not set, but launcher is \"command\"",
               "write the program and its arguments, or choose another launcher");
  if (is_local && on_cluster)
    check.Fail(section + ".deploy_mode", "launcher \"local\" starts drivers on this machine only",
               "set launcher = \"spark-submit\"");
  if (!is_local && on_cluster && profile.master.rfind("local", 0) == 0)
    check.Fail(section + ".master", fmt::format("\"{}\" is no cluster", profile.master),
               "write one such as \"yarn\", or set deploy_mode = \"client\"");
  if (is_local && profile.run_as == RunAs::kProxyUser)
    check.Fail(section + ".run_as", "only spark-submit knows proxy users",
               "set launcher = \"spark-submit\"");
  if (profile.warm_spares > 0 && !is_local)
    check.Fail(section + ".warm_spares", "only launcher \"local\" keeps spares", "write 0");
  if (profile.warm_spares > 0 && profile.run_as != RunAs::kLogin)
    check.Fail(section + ".warm_spares", "a spare starts before its owner is known",
               "write 0, or run_as = \"login\"");
}

void CheckPackages(const Checkup& check, const std::string& section, const ProfileConfig& profile) {
  if (profile.launcher != LauncherKind::kLocal) return;
  const std::string cure = "set launcher = \"spark-submit\", or name the jars in class_path";
  for (const auto& [name, value] : profile.spark_conf) {
    if (launcher::IsFetchedBySubmit(name))
      check.Fail(section + ".spark_conf." + name, "launcher \"local\" fetches no packages", cure);
  }
  for (const std::string& name : profile.client_conf) {
    if (launcher::IsFetchedBySubmit(name))
      check.Fail(section + ".client_conf",
                 fmt::format("\"{}\": launcher \"local\" fetches no packages", name), cure);
  }
}

void CheckClassPath(const Checkup& check, const std::string& section,
                    const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    if (entry.rfind('/', 0) != 0 || entry.find(':') != std::string::npos || HasLineBreak(entry))
      check.Fail(section + ".class_path", fmt::format("\"{}\" is not one absolute path", entry),
                 "write each jar or folder on its own, beginning with /");
  }
}

void CheckClientConf(const Checkup& check, const std::string& section,
                     const std::vector<std::string>& settings) {
  const std::string key = section + ".client_conf";
  for (const std::string& setting : settings) {
    const std::string_view name = std::string_view(setting).substr(0, setting.find('*'));
    // A pattern is refused if all that it can match is: the pattern itself stands for any of that,
    // for no setting has a * in its name.
    const auto refusal = launcher::RefusalOf(setting, ConfSource::kOverProfile);
    if (name.rfind("spark.", 0) != 0 || setting.size() > name.size() + 1)
      check.Fail(key, fmt::format("\"{}\" is no Spark setting", setting),
                 "write names such as \"spark.sql.shuffle.partitions\" or \"spark.sql.*\"");
    else if (refusal)
      check.Fail(key, fmt::format("no client can set \"{}\": {}", setting, refusal->why),
                 "remove it");
  }
}

void CheckAddresses(const Checkup& check, const std::string& section,
                    const ProfileConfig& profile) {
  const bool own_host = !profile.advertise_host.empty() && profile.advertise_host != kAuto;
  // What is not set is [engine]'s, which is checked there.
  if (!profile.bind_address.empty() || own_host)
    CheckEngineAddress(check, section,
                       profile.bind_address.empty() ? "127.0.0.1" : profile.bind_address,
                       own_host ? profile.advertise_host : "127.0.0.1");
}

// What it inherits is checked where it is written.
void CheckProfile(const Checkup& check, const std::string& section, const ProfileConfig& profile,
                  const ProfileConfig& inherited) {
  CheckSparkConf(check, section, OwnEntries(profile.spark_conf, inherited.spark_conf),
                 ConfSource::kProfile);
  CheckEnvironment(check, section, OwnEntries(profile.environment, inherited.environment));
  if (LaunchOf(profile) != LaunchOf(inherited)) CheckLaunch(check, section, profile);
  if (LaunchOf(profile) != LaunchOf(inherited) || profile.spark_conf != inherited.spark_conf ||
      profile.client_conf != inherited.client_conf)
    CheckPackages(check, section, profile);
  if (profile.class_path != inherited.class_path)
    CheckClassPath(check, section, profile.class_path);
  if (profile.client_conf != inherited.client_conf)
    CheckClientConf(check, section, profile.client_conf);
  if (profile.bind_address != inherited.bind_address ||
      profile.advertise_host != inherited.advertise_host)
    CheckAddresses(check, section, profile);
}

// A section is not tied to one profile, so it is the launch that refuses these for a profile that
// cannot have them (launcher::CheckRequestedConf). Here: if no profile can.
void CheckPackages(const Checkup& check, const std::string& section, const StringMap& conf) {
  const auto& profiles = check.config().profiles;
  if (std::any_of(profiles.begin(), profiles.end(), [](const auto& profile) {
        return profile.second.launcher != LauncherKind::kLocal;
      }))
    return;
  for (const auto& [name, value] : conf) {
    if (launcher::IsFetchedBySubmit(name))
      check.Fail(section + ".spark_conf." + name,
                 "launcher \"local\", which every profile has, fetches no packages",
                 "set a profile's launcher = \"spark-submit\", or name the jars in its class_path");
  }
}

void CheckOverrides(const Checkup& check, const std::string& section,
                    const OverridesConfig& overrides) {
  const uint64_t memory = overrides.driver_memory;
  if (memory != 0 && memory < launcher::kDriverMemoryMin)
    check.Fail(section + ".driver_memory",
               fmt::format("{} is too little for Spark", FormatSize(memory)),
               fmt::format("write {} or more, or 0 for the profile's",
                           FormatSize(launcher::kDriverMemoryMin)));
  CheckSparkConf(check, section, overrides.spark_conf, ConfSource::kOverProfile);
  CheckPackages(check, section, overrides.spark_conf);
  CheckEnvironment(check, section, overrides.environment);
}

}  // namespace

void CheckProfiles(const Checkup& check) {
  const auto& profiles = check.config().profiles;
  for (const auto& [name, profile] : profiles) {
    const bool is_default = name == kDefaultProfile;
    CheckProfile(check, "profile." + name, profile,
                 is_default ? ProfileConfig{} : profiles.at(profile.inherits));
  }
}

void CheckOverrides(const Checkup& check) {
  for (const auto& [name, owner] : check.config().groups)
    CheckOverrides(check, "group." + name, owner.overrides);
  for (const auto& [name, owner] : check.config().users)
    CheckOverrides(check, "user." + name, owner.overrides);
}

}  // namespace foxfire::server
