// The Spark settings that a client gives a new engine: x-foxfire-conf-<setting> headers.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/result.h"
#include "server/call/call.h"

namespace foxfire::server {

// Those of `wish`, if the profile allows all of them. `allowed` is its client_conf: header names
// are in lower case, so they are compared without case; an exact entry says how the setting is
// spelled, and what matches a pattern ("spark.sql.*") only is passed on as it came.
//
// PERMISSION_DENIED names the setting and the config key; INVALID_ARGUMENT: too many, or a value
// that is no printable ASCII text. Pure.
Result<std::map<std::string, std::string>> ClientConf(const std::vector<std::string>& allowed,
                                                      const std::string& profile,
                                                      const EngineWish& wish);

}  // namespace foxfire::server
