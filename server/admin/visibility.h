// Who sees what through the admin API: an administrator everything, others what is theirs. Pure
// functions, without a transport.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "common/result.h"

namespace foxfire::server {

// Something that an id in a request may mean.
struct IdCandidate {
  std::string id;
  bool is_visible = true;  // to the caller
  std::string label;       // how a list of several matches names it; empty: by its id
};

// Ids may be abbreviated to so many characters.
inline constexpr size_t kShortestIdPrefix = 8;

// The index of the candidate that `given` is the id of, or the beginning of the id of. `noun`
// ("engine") is for the errors: INVALID_ARGUMENT if it is too short or fits several visible ones
// (which it lists), PERMISSION_DENIED if only invisible ones fit, NOT_FOUND if none does.
Result<size_t> ResolveId(std::string_view noun, std::string_view given,
                         const std::vector<IdCandidate>& candidates);

// The user whose things a list shows, empty for everybody's: `requested` for an administrator, the
// caller for others. PERMISSION_DENIED if those ask for somebody else's.
Result<std::string> VisibleUser(const auth::Principal& caller, const std::string& requested);

// PERMISSION_DENIED unless the caller has the admin role; `doing`: "creating a token".
Result<void> RequireAdmin(const auth::Principal& caller, std::string_view doing);

}  // namespace foxfire::server
