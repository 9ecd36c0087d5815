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

std::string GroupOf(const auth::Principal& principal) {
  return principal.groups.empty() ? principal.user.str() : principal.groups.front();
}

}  // namespace

Result<EngineChoice> ChooseEngine(const EngineKeyOptions& options, const auth::Principal& principal,
                                  std::string_view session_id, std::string_view profile,
                                  std::string_view subdomain) {
  EngineChoice choice;
  choice.key.level = options.share_level;
  choice.run_as = principal.user.str();
  if (!profile.empty()) choice.key.profile = profile;
  if (!subdomain.empty()) choice.key.subdomain = subdomain;
  if (options.profiles.count(choice.key.profile) == 0) {
    return MakeError(Code::kPermissionDenied,
                     fmt::format("there is no profile \"{}\": correct x-foxfire-profile in the "
                                 "connection string or leave it out",
                                 choice.key.profile));
  }
  if (!IsSubdomain(choice.key.subdomain)) {
    return MakeError(Code::kInvalidArgument,
                     "x-foxfire-subdomain must be at most 64 letters, digits, '-', '_' or '.'");
  }
  switch (options.share_level) {
    case ShareLevel::kConnection:
      // The user belongs to it: somebody else's session id must not lead to their engine.
      choice.key.owner = principal.user.str() + "/" + std::string(session_id);
      break;
    case ShareLevel::kUser:
      choice.key.owner = principal.user.str();
      break;
    case ShareLevel::kGroup:
      choice.key.owner = choice.run_as = GroupOf(principal);
      break;
    case ShareLevel::kServer:
      choice.key.owner = choice.run_as = kServiceUser;
      break;
  }
  return choice;
}

}  // namespace foxfire::server
