// Bearer token → principal; implemented by technology (token_file_verifier.h; later JWT).
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "auth/principal.h"

namespace foxfire::auth {

// Why a caller was refused: for log, metric and event. The caller only ever sees
// kRefusalMessage, whatever the reason.
enum class AuthRefusal { kMissing, kMalformed, kUnknown, kRevoked, kExpired };

// "missing", "malformed", "unknown", "revoked", "expired"
std::string_view AuthRefusalName(AuthRefusal refusal);

inline constexpr const char* kRefusalMessage =
    "invalid credentials: connect with a valid token, sc://host:port/;token=…";

class TokenVerifier {
 public:
  virtual ~TokenVerifier() = default;
  // Never blocks; thread-safe.
  virtual tl::expected<PrincipalPtr, AuthRefusal> Verify(std::string_view token) const = 0;
};

}  // namespace foxfire::auth
