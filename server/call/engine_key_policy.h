// Which engine key a call asks for: what config says, and what the client's headers choose within
// it.
#pragma once

#include <set>
#include <string>

#include "auth/principal.h"
#include "common/engine_key.h"
#include "common/result.h"
#include "server/call/call.h"

namespace foxfire::server {

struct EngineKeyOptions {
  ShareLevel share_level = ShareLevel::kUser;
  std::set<std::string> profiles = {"default"};
};

struct EngineChoice {
  EngineKey key;
  std::string run_as;
};

// PERMISSION_DENIED for a profile that does not exist, INVALID_ARGUMENT for a subdomain that is no
// name (1 to 64 of A-Z a-z 0-9 - _ .). Pure.
Result<EngineChoice> ChooseEngine(const EngineKeyOptions& options, const auth::Principal& principal,
                                  std::string_view session_id, std::string_view profile,
                                  std::string_view subdomain);

}  // namespace foxfire::server
