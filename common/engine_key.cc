#include "common/engine_key.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "common/encoding.h"

namespace foxfire {
namespace {

constexpr std::array<std::pair<ShareLevel, std::string_view>, 4> kLevels = {
    {{ShareLevel::kConnection, "connection"},
     {ShareLevel::kUser, "user"},
     {ShareLevel::kGroup, "group"},
     {ShareLevel::kServer, "server"}}};

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t at = 0;;) {
    const size_t end = text.find(separator, at);
    parts.push_back(text.substr(at, end - at));
    if (end == std::string_view::npos) return parts;
    at = end + 1;
  }
}

}  // namespace

std::string_view ShareLevelName(ShareLevel level) {
  for (const auto& [known, name] : kLevels) {
    if (known == level) return name;
  }
  return "";
}

std::optional<ShareLevel> ParseShareLevel(std::string_view name) {
  for (const auto& [level, known] : kLevels) {
    if (known == name) return level;
  }
  return std::nullopt;
}

std::string EngineKey::User() const {
  switch (level) {
    case ShareLevel::kUser:
      return owner;
    case ShareLevel::kConnection:
      return owner.substr(0, owner.rfind('/'));  // a session id has no slash
    default:
      return "";
  }
}

std::string EngineKey::ToString() const {
  return fmt::format("{}:{}:{}:{}", ShareLevelName(level), PercentEncode(owner),
                     PercentEncode(profile), PercentEncode(subdomain));
}

Result<EngineKey> EngineKey::Parse(std::string_view text) {
  const auto parts = Split(text, ':');
  if (parts.size() == 4) {
    const auto level = ParseShareLevel(parts[0]);
    const auto owner = PercentDecode(parts[1]);
    const auto profile = PercentDecode(parts[2]);
    const auto subdomain = PercentDecode(parts[3]);
    if (level && owner && profile && subdomain) {
      EngineKey key{*level, *owner, *profile, *subdomain};
      if (key.ToString() == text) return key;
    }
  }
  return MakeError(
      Code::kInvalidArgument,
      fmt::format("\"{}\" is not an engine key: write <level>:<owner>:<profile>:<subdomain>, "
                  "each part percent-encoded",
                  text));
}

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

}  // namespace foxfire
