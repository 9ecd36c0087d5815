#include "server/call/engine_key_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "server/call/client_conf.h"

namespace foxfire::server {
namespace {

constexpr size_t kLongestSubdomain = 64;

struct Applied {
  const SharingRules& rules;
  std::string group;  // the one that shares a GROUP engine; empty: none
  std::string section;
};

Applied RulesFor(const EngineKeyOptions& options, const auth::Principal& principal) {
  const std::string first = principal.groups.empty() ? "" : principal.groups.front();
  const auto own = options.users.find(principal.user.str());
  if (own != options.users.end())
    return {own->second, first, fmt::format("[user.{}]", principal.user.str())};
  for (const std::string& group : principal.groups) {
    const auto found = options.groups.find(group);
    if (found != options.groups.end())
      return {found->second, group, fmt::format("[group.{}]", group)};
  }
  return {options.everybody, first, "[engine]"};
}

// A route says whose engine it leads to; the rest are the rules of that group.
Applied RulesFor(const EngineKeyOptions& options, const auth::Principal& principal,
                 const EngineRoute* route) {
  if (route == nullptr) return RulesFor(options, principal);
  const std::string section = fmt::format("[route.{}]", route->name);
  if (route->group.empty()) {
    const Applied own = RulesFor(options, principal);
    return {own.rules, own.group, section};
  }
  const auto found = options.groups.find(route->group);
  return {found == options.groups.end() ? options.everybody : found->second, route->group, section};
}

// What the client asks for and its route leaves open, and where that leads.
EngineWish WithRoute(EngineWish wish, const EngineRoute* route) {
  if (route == nullptr) return wish;
  if (!route->group.empty()) wish.share_level.clear();
  if (!route->profile.empty()) wish.profile.clear();
  if (!route->subdomain.empty()) wish.subdomain = route->subdomain;
  return wish;
}

Result<ShareLevel> LevelOf(const SharingRules& rules, const std::string& wish) {
  if (wish.empty()) return rules.share_level;
  const auto level = ParseShareLevel(wish);
  if (!level) {
    return MakeError(Code::kInvalidArgument,
                     "x-foxfire-share-level must be connection, user, group or server");
  }
  if (*level != rules.share_level && rules.client_share_levels.count(*level) == 0) {
    return MakeError(Code::kPermissionDenied,
                     fmt::format("engines of share level {} may not be asked for here "
                                 "(client_share_levels): leave x-foxfire-share-level out of the "
                                 "connection string",
                                 wish));
  }
  return *level;
}

Result<std::string> ProfileOf(const EngineKeyOptions& options, const SharingRules& rules,
                              const std::string& wish) {
  const std::string& profile = wish.empty() ? rules.profile : wish;
  if (options.profiles.count(profile) == 0) {
    return MakeError(Code::kPermissionDenied,
                     fmt::format("there is no profile \"{}\": correct x-foxfire-profile in the "
                                 "connection string or leave it out",
                                 profile));
  }
  const bool is_free = rules.client_profiles.count("*") > 0;
  if (profile != rules.profile && !is_free && rules.client_profiles.count(profile) == 0) {
    return MakeError(Code::kPermissionDenied,
                     fmt::format("the profile \"{}\" may not be asked for here (client_profiles): "
                                 "correct x-foxfire-profile in the connection string or leave it "
                                 "out",
                                 profile));
  }
  return profile;
}

// The section of the engine's owner; null: there is none.
const SharingRules* OwnerOf(const EngineKeyOptions& options, const EngineKey& key) {
  if (key.level == ShareLevel::kServer) return nullptr;
  const bool of_group = key.level == ShareLevel::kGroup;
  const auto& owners = of_group ? options.groups : options.users;
  const auto found = owners.find(of_group ? key.owner : key.User());
  return found == owners.end() ? nullptr : &found->second;
}

// Where the choice's owner has something else than the profile, and what the client asks for.
Result<void> AddSettings(const EngineKeyOptions& options, const EngineWish& wish,
                         EngineChoice& choice) {
  if (const SharingRules* const owner = OwnerOf(options, choice.key)) {
    choice.spark_conf = owner->spark_conf;
    choice.overrides = owner->overrides;
  }
  if (wish.conf.empty() && !wish.conf_too_large) return {};
  static const std::vector<std::string> nothing;
  const auto allowed = options.client_conf.find(choice.key.profile);
  ASSIGN_OR_RETURN(const auto conf,
                   ClientConf(allowed == options.client_conf.end() ? nothing : allowed->second,
                              choice.key.profile, wish));
  choice.has_client_conf = !conf.empty();
  for (const auto& [name, value] : conf) choice.spark_conf[name] = value;
  return {};
}

}  // namespace

bool IsSubdomain(std::string_view name) {
  return !name.empty() && name.size() <= kLongestSubdomain &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' ||
                  c == '.';
         });
}

bool HasPrestart(const EngineKeyOptions& options) {
  const auto has_it = [](const auto& entry) { return entry.second.prestart; };
  return options.everybody.prestart ||
         std::any_of(options.groups.begin(), options.groups.end(), has_it) ||
         std::any_of(options.users.begin(), options.users.end(), has_it);
}

launcher::EngineOverrides OverridesOf(const EngineKeyOptions& options, const EngineKey& key) {
  const SharingRules* const owner = OwnerOf(options, key);
  return owner == nullptr ? launcher::EngineOverrides{} : owner->overrides;
}

EngineDemand DemandOf(const EngineChoice& choice) {
  EngineDemand demand;
  demand.key = choice.key;
  demand.run_as = choice.run_as;
  demand.pool_size = choice.pool_size;
  demand.pool_load = choice.pool_load;
  demand.spark_conf = choice.spark_conf;
  demand.has_client_conf = choice.has_client_conf;
  demand.overrides = choice.overrides;
  return demand;
}

Result<EngineChoice> ChooseEngine(const EngineKeyOptions& options, const auth::Principal& principal,
                                  std::string_view session_id, const EngineWish& wish) {
  ASSIGN_OR_RETURN(const EngineRoute* const route, FindRoute(options.routing, principal, wish));
  const Applied applied = RulesFor(options, principal, route);
  EngineChoice choice;
  choice.rules = applied.section;
  const EngineWish asked = WithRoute(wish, route);
  ASSIGN_OR_RETURN(choice.key.level, LevelOf(applied.rules, asked.share_level));
  if (route != nullptr && !route->group.empty()) choice.key.level = ShareLevel::kGroup;
  ASSIGN_OR_RETURN(choice.key.profile, ProfileOf(options, applied.rules, asked.profile));
  if (route != nullptr && !route->profile.empty()) choice.key.profile = route->profile;
  if (!asked.subdomain.empty()) choice.key.subdomain = asked.subdomain;
  if (!IsSubdomain(choice.key.subdomain)) {
    return MakeError(Code::kInvalidArgument,
                     "x-foxfire-subdomain must be at most 64 letters, digits, '-', '_' or '.'");
  }
  if (choice.key.level == ShareLevel::kGroup && applied.group.empty()) {
    choice.key.level = ShareLevel::kUser;
  }
  if (choice.key.level != ShareLevel::kConnection) {
    choice.pool_size = applied.rules.pool_size;
    choice.pool_load = applied.rules.pool_load;
  }
  // What only a route leads to is not known before the call.
  choice.prestart = applied.rules.prestart && choice.key.level == ShareLevel::kUser &&
                    ProfileOf(options, applied.rules, choice.key.profile).has_value();
  choice.run_as = principal.user.str();
  switch (choice.key.level) {
    case ShareLevel::kConnection:
      // The user belongs to it: somebody else's session id must not lead to their engine.
      choice.key.owner = principal.user.str() + "/" + std::string(session_id);
      break;
    case ShareLevel::kUser:
      choice.key.owner = principal.user.str();
      break;
    case ShareLevel::kGroup:
      choice.key.owner = choice.run_as = applied.group;
      break;
    case ShareLevel::kServer:
      choice.key.owner = choice.run_as = kServiceUser;
      break;
  }
  RETURN_IF_ERROR(AddSettings(options, wish, choice));
  return choice;
}

}  // namespace foxfire::server
