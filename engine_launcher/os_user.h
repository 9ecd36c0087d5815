// Users of the operating system, as engines run as them.
#pragma once

#include <string>

#include "common/result.h"
#include "engine_launcher/process_spawner.h"

namespace foxfire::launcher {

// A value type.
struct OsUser {
  std::string name;
  std::string home;
  ProcessUser ids;
};

// Blocks on the machine's user database, which may ask the network. FAILED_PRECONDITION: there is
// no such user; PERMISSION_DENIED: it is root (uid 0), as which no engine runs. Thread-safe.
Result<OsUser> FindOsUser(const std::string& name);

}  // namespace foxfire::launcher
