// The one table of configuration keys. Parsing, unknown-key detection, --check-config and the test
// that compares conf/foxfire.toml and docs/configuration.md are all driven by it; a new key is a
// field in config.h and a row here.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "server/config/config.h"

namespace foxfire::server {

// The field that a key binds to; its type says what the file must hold.
using FieldRef =
    std::variant<bool*, int64_t*, uint64_t*, Duration*, std::string*, Path*, Program*,
                 ListenAddress*, ShareLevel*, ShutdownPolicy*, launcher::LauncherKind*,
                 launcher::DeployMode*, launcher::RunAs*, std::vector<std::string>*, StringMap*>;

// Where fields live. `profile` is set for keys of a profile and only for those, `owner` for those
// of a group or user, `route` for those of a route.
struct FieldTarget {
  Config* config = nullptr;
  ProfileConfig* profile = nullptr;
  OwnerConfig* owner = nullptr;
  RouteConfig* route = nullptr;
};

// The sections under which keys of all profiles, groups and users stand in the table.
inline constexpr std::string_view kProfileSection = "profile.<name>";
inline constexpr std::string_view kGroupSection = "group.<name>";
inline constexpr std::string_view kUserSection = "user.<name>";
inline constexpr std::string_view kRouteSection = "route.<name>";

// A value type. The default is the field's initial value in config.h.
struct ConfigKey {
  std::string_view section;
  std::string_view name;
  std::string_view allowed;  // "1s..1h", "keep|stop"; empty: whatever the type allows
  std::string_view meaning;  // one sentence
  FieldRef (*field)(const FieldTarget& target);
};
using ConfigKeyList = std::vector<ConfigKey>;

// In the order in which docs and examples show them. Thread-safe.
const ConfigKeyList& ConfigKeys();

// Names of sections in the same order.
std::vector<std::string_view> ConfigSections();

// nullptr if there is none. `section` as in the table.
const ConfigKey* FindConfigKey(std::string_view section, std::string_view name);

// Parts of the table (config_schema_profiles.cc). Private to this folder. `section` is that of
// everybody ([engine]), groups or users; of groups or users.
ConfigKeyList SharingKeys(std::string_view section);
ConfigKeyList OverrideKeys(std::string_view section);
ConfigKeyList ProfileKeys();
ConfigKeyList RoutingKeys();

}  // namespace foxfire::server
