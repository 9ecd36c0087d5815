// What users, groups and roles may be called.
#pragma once

#include <string_view>

#include "common/result.h"

namespace foxfire::auth {

inline constexpr size_t kMaxNameBytes = 128;

// 1 to 128 bytes of UTF-8, without control characters and without white space at its ends.
// `what` begins the error: "the user name". The error does not repeat the name.
Result<void> CheckName(std::string_view name, std::string_view what);

// "admin" is the only role there is.
Result<void> CheckRole(std::string_view role);

}  // namespace foxfire::auth
