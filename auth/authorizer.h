// Who may do what, once it is known who calls.
#pragma once

#include "auth/principal.h"

namespace foxfire::auth {

// See and change what belongs to `owner`: one's own, or anybody's as an administrator.
inline bool MayManage(const Principal& caller, const UserId& owner) {
  return caller.IsAdmin() || (!owner.empty() && caller.user == owner);
}

}  // namespace foxfire::auth
