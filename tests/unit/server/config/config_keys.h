// What every key of the configuration binds to in a configuration that nobody has touched.
#pragma once

#include <string>
#include <string_view>

#include "server/config/config_schema.h"

namespace foxfire::server {

// As a file has it: sections of profiles, groups, users and routes have a name.
inline std::string TitleOf(std::string_view section) {
  const std::string kind(section.substr(0, section.find('.')));
  return kind == section ? kind : kind + ".default";
}

// Thread-compatible.
class Defaults {
 public:
  FieldRef FieldOf(const ConfigKey& key) {
    if (key.section == kGroupSection) return key.field({&config_, nullptr, &group_});
    if (key.section == kUserSection) return key.field({&config_, nullptr, &user_});
    if (key.section == kRouteSection) return key.field({&config_, nullptr, nullptr, &route_});
    return key.field({&config_, &profile_, nullptr});
  }

 private:
  Config config_;
  ProfileConfig profile_;
  OwnerConfig group_;
  OwnerConfig user_;
  RouteConfig route_;
};

}  // namespace foxfire::server
