// Which engine key a call asks for: what config says, and what the client's headers choose within
// it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "common/engine_key.h"
#include "common/result.h"
#include "server/call/call.h"
#include "server/call/engine_route.h"
#include "server/engine/engine_options.h"

namespace foxfire::server {

// Which engines somebody gets. A value type.
struct SharingRules {
  ShareLevel share_level = ShareLevel::kUser;
  std::set<ShareLevel> client_share_levels;       // what clients may ask for instead
  std::string profile = "default";                // of clients that ask for none
  std::set<std::string> client_profiles = {"*"};  // what they may ask for; "*": every one
  // Engines that a key may have, and the sessions and operations of each one from which on another
  // is started. Not of share level connection.
  size_t pool_size = 1;
  int64_t pool_load = 8;
  // Engines of share level user may be started ahead of their users (prestarts.h).
  bool prestart = false;
  // What the engines that they own have otherwise than the profile; not of everybody.
  std::map<std::string, std::string> spark_conf = {};
  launcher::EngineOverrides overrides = {};
};

struct EngineKeyOptions {
  SharingRules everybody;
  std::map<std::string, SharingRules> groups;
  std::map<std::string, SharingRules> users;
  std::set<std::string> profiles = {"default"};  // those that exist
  // By profile: Spark settings that clients may set, each exact or with a * at its end.
  std::map<std::string, std::vector<std::string>> client_conf = {};
  RoutingRules routing = {};
};

struct EngineChoice {
  EngineKey key;
  std::string run_as;
  std::string rules;  // the section that counted: "[engine]", "[group.bi]", "[route.prod]"
  size_t pool_size = 1;
  int64_t pool_load = 8;
  bool prestart = false;  // it may be started ahead of its user
  // For an engine that is started because of it, over the profile's: the owner's, then the
  // client's.
  std::map<std::string, std::string> spark_conf;
  bool has_client_conf = false;  // some of it is what the client asked for
  launcher::EngineOverrides overrides;
};

// Whom SERVER engines belong to and work as.
inline constexpr const char* kServiceUser = "foxfire";

// 1 to 64 of A-Z a-z 0-9 - _ .
bool IsSubdomain(std::string_view name);

// Whether anybody's engine may be started ahead of its user.
bool HasPrestart(const EngineKeyOptions& options);

// What the broker is asked for.
EngineDemand DemandOf(const EngineChoice& choice);

// What engines of the key have otherwise than their profile: what the section of the owner says, of
// a user for share level connection, too; nothing for level server.
launcher::EngineOverrides OverridesOf(const EngineKeyOptions& options, const EngineKey& key);

// The user's own rules count, else those of the first of their groups that has some, else
// everybody's. A user without a group has an engine of their own where groups share one. What a
// route says counts over that, and over what else the client asks for.
//
// PERMISSION_DENIED for a profile that does not exist, a choice that the rules do not allow and a
// Spark setting that the profile does not; INVALID_ARGUMENT for a share level that is none, a
// subdomain that is no name (1 to 64 of A-Z a-z 0-9 - _ .), too many settings and values that are
// no text. Pure.
Result<EngineChoice> ChooseEngine(const EngineKeyOptions& options, const auth::Principal& principal,
                                  std::string_view session_id, const EngineWish& wish);

}  // namespace foxfire::server
