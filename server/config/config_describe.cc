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

// The file may carry secrets only where it says nothing about the names: in profiles.
ProfileConfig WithoutSecrets(ProfileConfig profile) {
  for (StringMap* map : {&profile.spark_conf, &profile.environment}) {
    for (auto& [name, value] : *map) {
      if (LooksSecret(name) || LooksSecret(value)) value = kHidden;
    }
  }
  for (std::string& option : profile.java_options) {
    if (LooksSecret(option)) option = option.substr(0, option.find('=')) + "=" + kHidden.data();
  }
  return profile;
}

}  // namespace

std::string DescribeEffectiveConfig(const Config& config) {
  Config copy = config;  // FieldRef binds to what may be written
  std::string text;
  for (const std::string_view section : ConfigSections()) {
    const auto describe = [&](std::string_view title, ProfileConfig* profile,
                              SharingConfig* sharing) {
      text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", title);
      for (const ConfigKey& key : ConfigKeys()) {
        if (key.section == section)
          text +=
              fmt::format("{} = {}\n", key.name, FormatField(key.field({&copy, profile, sharing})));
      }
    };
    if (section == kProfileSection) {
      for (auto& [name, profile] : copy.profiles) {
        ProfileConfig shown = WithoutSecrets(profile);
        describe("profile." + name, &shown, nullptr);
      }
    } else if (section == kGroupSection || section == kUserSection) {
      const std::string kind(section.substr(0, section.find('.')));
      for (auto& [name, sharing] : section == kGroupSection ? copy.groups : copy.users)
        describe(kind + "." + QuoteToml(name), nullptr, &sharing);
    } else {
      describe(section, nullptr, nullptr);
    }
  }
  return text;
}

}  // namespace foxfire::server
