// Which engine key a call asks for: what config says, and what the client's headers choose within
// it.
#pragma once

#include <map>
#include <set>
#include <string>

#include "auth/principal.h"
#include "common/engine_key.h"
#include "common/result.h"
#include "server/call/call.h"

namespace foxfire::server {

// Which engines somebody gets. A value type.
struct SharingRules {
  ShareLevel share_level = ShareLevel::kUser;
  std::set<ShareLevel> client_share_levels;       // what clients may ask for instead
  std::string profile = "default";                // of clients that ask for none
  std::set<std::string> client_profiles = {"*"};  // what they may ask for; "*": every one
};

struct EngineKeyOptions {
  SharingRules everybody;
  std::map<std::string, SharingRules> groups;
  std::map<std::string, SharingRules> users;
  std::set<std::string> profiles = {"default"};  // those that exist
};

struct EngineChoice {
  EngineKey key;
  std::string run_as;
  std::string rules;  // the section that counted: "[engine]", "[group.bi]", "[user.alice]"
};

// The user's own rules count, else those of the first of their groups that has some, else
// everybody's. A user without a group has an engine of their own where groups share one.
//
// PERMISSION_DENIED for a profile that does not exist or a choice that the rules do not allow,
// INVALID_ARGUMENT for a share level that is none and a subdomain that is no name (1 to 64 of A-Z
// a-z 0-9 - _ .). Pure.
Result<EngineChoice> ChooseEngine(const EngineKeyOptions& options, const auth::Principal& principal,
                                  std::string_view session_id, const EngineWish& wish);

}  // namespace foxfire::server
