// Who makes an admin call, and what bounds it.
#pragma once

#include <functional>
#include <string>

#include "auth/principal.h"
#include "common/clock.h"

namespace foxfire::server {

struct Caller {
  auth::PrincipalPtr principal;  // never null
  std::string address;           // host:port

  const std::string& user() const { return principal->user.str(); }
};

// How long a handler may wait.
struct CallLimits {
  SteadyTime deadline;                 // of the machine's clock
  std::function<bool()> is_cancelled;  // asked now and then; empty: never
};

}  // namespace foxfire::server
