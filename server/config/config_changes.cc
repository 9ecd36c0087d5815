#include "server/config/config_changes.h"

#include <map>

#include "server/config/config_schema.h"
#include "server/config/config_text.h"

namespace foxfire::server {
namespace {

// Those that only one of them has, too.
template <typename Section>
void AddChanged(const std::string& kind, const std::map<std::string, Section>& before,
                const std::map<std::string, Section>& after, std::vector<std::string>& changed) {
  std::map<std::string, bool> differs;
  for (const auto& [name, section] : before) {
    const auto found = after.find(name);
    differs[name] = found == after.end() || !(found->second == section);
  }
  for (const auto& [name, section] : after) differs.try_emplace(name, true);
  for (const auto& [name, it_does] : differs) {
    if (it_does) changed.push_back(kind + name);
  }
}

}  // namespace

Config WithReloadable(Config running, const Config& next) {
  running.engine.sharing = next.engine.sharing;
  running.profiles = next.profiles;
  running.groups = next.groups;
  running.users = next.users;
  running.routes = next.routes;
  return running;
}

std::vector<std::string> ChangedKeys(const Config& before, const Config& after) {
  Config old = before;  // FieldRef binds to what may be written
  Config now = after;
  std::vector<std::string> changed;
  std::string_view section;
  for (const ConfigKey& key : ConfigKeys()) {
    const bool is_first = key.section != section;
    section = key.section;
    if (section == kProfileSection) {
      if (is_first) AddChanged("profile.", before.profiles, after.profiles, changed);
    } else if (section == kGroupSection) {
      if (is_first) AddChanged("group.", before.groups, after.groups, changed);
    } else if (section == kUserSection) {
      if (is_first) AddChanged("user.", before.users, after.users, changed);
    } else if (section == kRouteSection) {
      if (is_first) AddChanged("route.", before.routes, after.routes, changed);
    } else if (FormatField(key.field({&old})) != FormatField(key.field({&now}))) {
      changed.push_back(std::string(section) + "." + std::string(key.name));
    }
  }
  return changed;
}

}  // namespace foxfire::server
