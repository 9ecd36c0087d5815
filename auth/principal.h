// The verified caller.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"

namespace foxfire::auth {

inline constexpr const char* kAdminRole = "admin";

// A value type; immutable once it is handed out, so it is shared without a lock.
struct Principal {
  UserId user;
  std::vector<std::string> groups;
  std::vector<std::string> roles;
  std::string method;                  // how it was verified: "token"
  std::string credential_id;           // which credential: safe to log
  std::optional<WallTime> expires_at;  // when the credential ends

  bool HasRole(std::string_view role) const {
    return std::find(roles.begin(), roles.end(), role) != roles.end();
  }
  bool IsAdmin() const { return HasRole(kAdminRole); }
};

using PrincipalPtr = std::shared_ptr<const Principal>;

}  // namespace foxfire::auth
