// The token file: who may come in, without a single token in it. JSON, mode 0600:
//
//   {"schema": 1, "tokens": [{"id": "<uuid>", "sha256": "<hex of SHA-256 of the token>",
//     "user": "alice", "groups": [], "roles": ["admin"], "created_at": "2026-11-21T02:11:09Z",
//     "expires_at": null, "revoked_at": null, "created_by": "admin"}]}
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/digest.h"
#include "common/files.h"
#include "common/ids.h"
#include "common/result.h"

namespace foxfire::auth {

// A value type.
struct TokenRecord {
  std::string id;       // names the token; safe to show and to log
  Sha256Digest sha256;  // of the token
  UserId user;
  std::vector<std::string> groups;
  std::vector<std::string> roles;
  WallTime created_at;
  std::optional<WallTime> expires_at;
  std::optional<WallTime> revoked_at;
  std::string created_by;

  bool operator==(const TokenRecord&) const = default;
};

// Errors name `path`, the entry and the cure, and never repeat a value from the file: somebody may
// have pasted a token where its hash belongs.
Result<std::vector<TokenRecord>> ParseTokenFile(std::string_view text, const Path& path);

std::string FormatTokenFile(const std::vector<TokenRecord>& tokens);

// Also refuses a file that its group or others can read.
Result<std::vector<TokenRecord>> ReadTokenFile(const Path& path);
Result<void> WriteTokenFile(const Path& path, const std::vector<TokenRecord>& tokens);

}  // namespace foxfire::auth
