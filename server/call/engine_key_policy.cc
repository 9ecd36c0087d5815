#include "server/call/engine_key_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace foxfire::server {
namespace {

constexpr size_t kLongestSubdomain = 64;
constexpr const char* kServiceUser = "foxfire";  // whom SERVER engines work as

bool IsSubdomain(std::string_view name) {
  return name.size() <= kLongestSubdomain && std::all_of(name.begin(), name.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' ||
                  c == '.';
         });
}

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

}  // namespace

Result<EngineChoice> ChooseEngine(const EngineKeyOptions& options, const auth::Principal& principal,
                                  std::string_view session_id, const EngineWish& wish) {
  const Applied applied = RulesFor(options, principal);
  EngineChoice choice;
  choice.rules = applied.section;
  ASSIGN_OR_RETURN(choice.key.level, LevelOf(applied.rules, wish.share_level));
  ASSIGN_OR_RETURN(choice.key.profile, ProfileOf(options, applied.rules, wish.profile));
  if (!wish.subdomain.empty()) choice.key.subdomain = wish.subdomain;
  if (!IsSubdomain(choice.key.subdomain)) {
    return MakeError(Code::kInvalidArgument,
                     "x-foxfire-subdomain must be at most 64 letters, digits, '-', '_' or '.'");
  }
  if (choice.key.level == ShareLevel::kGroup && applied.group.empty()) {
    choice.key.level = ShareLevel::kUser;
  }
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
  return choice;
}

}  // namespace foxfire::server
