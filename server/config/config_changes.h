// What a changed file changes while foxfired runs.
#pragma once

#include <string>
#include <vector>

#include "server/config/config.h"

namespace foxfire::server {

// `running` with those parts of `next` that need no restart: profiles, groups, users and the rules
// of [engine] about sharing.
Config WithReloadable(Config running, const Config& next);

// What differs, as "server.listen", "engine.profile" and, whole, "profile.etl" or "user.ann"; in
// the order of the table. No values, which may be secret.
std::vector<std::string> ChangedKeys(const Config& before, const Config& after);

}  // namespace foxfire::server
