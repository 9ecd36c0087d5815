// New tokens.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/token_file.h"
#include "common/secret.h"

namespace foxfire::auth {

// What somebody asks for. A value type.
struct TokenRequest {
  std::string user;
  std::vector<std::string> groups;
  std::vector<std::string> roles;
  std::optional<Duration> ttl;  // not set: it does not expire
  std::string created_by;       // the user who asks
};

// The only place where a token and its record are seen together.
struct MintedToken {
  Secret token;
  TokenRecord record;
};

// "ff_" and 32 random bytes in base64url. INVALID_ARGUMENT says what is wrong with the request.
Result<MintedToken> MintToken(const TokenRequest& request, WallTime now);

}  // namespace foxfire::auth
