#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "server/config/config_loader.h"
#include "server/config/config_text.h"

namespace foxfire::server {
namespace {

constexpr std::string_view kHidden = "<redacted>";

// The words that Spark's own spark.redaction.regex looks for, and some more.
bool LooksSecret(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kWords = {
      "secret", "password", "passwd", "token", "credential", "access.key", "accesskey"};
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return c == '_' || c == '-' ? '.' : static_cast<char>(std::tolower(c));
  });
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

// The file may carry secrets only where it says nothing about the names: here, and in lists.
void HideSecrets(StringMap& settings) {
  for (auto& [name, value] : settings) {
    if (LooksSecret(name) || LooksSecret(value)) value = kHidden;
  }
}

void HideSecrets(std::vector<std::string>& arguments) {
  for (std::string& argument : arguments) {
    if (!LooksSecret(argument)) continue;
    const size_t equals = argument.find('=');
    argument.replace(equals == std::string::npos ? 0 : equals + 1, std::string::npos, kHidden);
  }
}

ProfileConfig WithoutSecrets(ProfileConfig profile) {
  HideSecrets(profile.spark_conf);
  HideSecrets(profile.environment);
  HideSecrets(profile.java_options);
  HideSecrets(profile.launch_command);
  HideSecrets(profile.kill_command);
  return profile;
}

OwnerConfig WithoutSecrets(OwnerConfig owner) {
  HideSecrets(owner.overrides.spark_conf);
  HideSecrets(owner.overrides.environment);
  return owner;
}

}  // namespace

std::string DescribeEffectiveConfig(const Config& config) {
  Config copy = config;  // FieldRef binds to what may be written
  std::string text;
  for (const std::string_view section : ConfigSections()) {
    const auto describe = [&](std::string_view title, ProfileConfig* profile, OwnerConfig* owner,
                              RouteConfig* route = nullptr) {
      text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", title);
      for (const ConfigKey& key : ConfigKeys()) {
        if (key.section == section)
          text += fmt::format("{} = {}\n", key.name,
                              FormatField(key.field({&copy, profile, owner, route})));
      }
    };
    if (section == kProfileSection) {
      for (auto& [name, profile] : copy.profiles) {
        ProfileConfig shown = WithoutSecrets(profile);
        describe("profile." + name, &shown, nullptr);
      }
    } else if (section == kGroupSection || section == kUserSection) {
      const std::string kind(section.substr(0, section.find('.')));
      for (auto& [name, owner] : section == kGroupSection ? copy.groups : copy.users) {
        OwnerConfig shown = WithoutSecrets(owner);
        describe(kind + "." + QuoteToml(name), nullptr, &shown);
      }
    } else if (section == kRouteSection) {
      for (auto& [name, route] : copy.routes)
        describe("route." + QuoteToml(name), nullptr, nullptr, &route);
    } else {
      describe(section, nullptr, nullptr);
    }
  }
  return text;
}

}  // namespace foxfire::server
