// The token in an `authorization` header (RFC 6750, RFC 7235), or in `authentication`, which older
// JVM clients send instead.
#pragma once

#include <cstddef>
#include <string_view>
#include <tl/expected.hpp>

#include "auth/token_verifier.h"

namespace foxfire::auth {

inline constexpr size_t kMaxBearerBytes = size_t{16} << 10;  // of the header's value

// A part of `header_value`. kMissing: nothing there. kMalformed: another scheme, characters that no
// token has, or too long.
tl::expected<std::string_view, AuthRefusal> BearerToken(std::string_view header_value);

}  // namespace foxfire::auth
