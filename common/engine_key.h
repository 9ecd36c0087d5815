// What decides which engine a call goes to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/ids.h"
#include "common/result.h"

namespace foxfire {

// Who shares an engine.
enum class ShareLevel { kConnection, kUser, kGroup, kServer };

// Lower case: "connection", "user", "group", "server".
std::string_view ShareLevelName(ShareLevel level);
std::optional<ShareLevel> ParseShareLevel(std::string_view name);

// A value type. `owner` is "<user>/<session id>", a user, a group or the service, as `level` says.
struct EngineKey {
  ShareLevel level = ShareLevel::kUser;
  std::string owner;
  std::string profile = "default";
  std::string subdomain = "default";

  // clang-tidy 14 takes the zero of a default <=> for a pointer.
  // NOLINTNEXTLINE(modernize-use-nullptr)
  auto operator<=>(const EngineKey&) const = default;
  bool operator==(const EngineKey&) const = default;

  // The user whose engine it is; empty for those of groups and of everybody.
  std::string User() const;

  // "user:alice:default:default", each part percent-encoded; the name of its ZooKeeper node.
  std::string ToString() const;
  // INVALID_ARGUMENT unless it is exactly what ToString writes.
  static Result<EngineKey> Parse(std::string_view text);
};

// The name under which this machine's gateway and engines know each other: decides whether a pid
// in an engine's registration is one of ours. The kernel's host name.
std::string HostName();

}  // namespace foxfire

template <>
struct std::hash<foxfire::EngineKey> {
  size_t operator()(const foxfire::EngineKey& key) const noexcept {
    return std::hash<std::string>{}(key.ToString());
  }
};
