#include "server/call/engine_route.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/connect/config_request.h"

namespace foxfire::server {
namespace {

constexpr std::string_view kSettingPrefix = "spark.connect.grpc.header.";
constexpr size_t kShownBytes = 64;

// 0: it does not fit. A route that names more counts, and a team more than an environment.
int Fit(const EngineRoute& route, const EngineWish& wish) {
  if (!route.team.empty() && route.team != wish.team) return 0;
  if (!route.environment.empty() && route.environment != wish.environment) return 0;
  return (route.team.empty() ? 0 : 2) + (route.environment.empty() ? 0 : 1);
}

bool MayTake(const EngineRoute& route, const auth::Principal& principal) {
  if (route.group.empty() && route.allowed_groups.empty()) return true;
  return std::any_of(principal.groups.begin(), principal.groups.end(),
                     [&route](const std::string& group) {
                       return group == route.group || route.allowed_groups.count(group) > 0;
                     });
}

std::string Shown(const std::string& header, const std::string& value) {
  return fmt::format("{} \"{}\"", header, value.substr(0, kShownBytes));
}

}  // namespace

Result<const EngineRoute*> FindRoute(const RoutingRules& rules, const auth::Principal& principal,
                                     const EngineWish& wish) {
  if (rules.routes.empty() || (wish.team.empty() && wish.environment.empty())) return nullptr;
  const EngineRoute* best = nullptr;
  for (const EngineRoute& route : rules.routes) {
    const int fit = Fit(route, wish);
    if (fit > 0 && (best == nullptr || fit > Fit(*best, wish))) best = &route;
  }
  if (best != nullptr && MayTake(*best, principal)) return best;
  std::string asked = wish.team.empty() ? "" : Shown(rules.team_header, wish.team);
  if (!wish.environment.empty()) {
    asked += (asked.empty() ? "" : " and ") + Shown(rules.environment_header, wish.environment);
  }
  return MakeError(Code::kPermissionDenied,
                   fmt::format("no route that {} may take has {} ([route.<name>]): correct the "
                               "headers of the client or leave them out",
                               principal.user.str(), asked));
}

void TakeHeadersFromConfig(const RoutingRules& rules, std::string_view operation,
                           EngineWish& wish) {
  if (rules.routes.empty() || operation.empty()) return;
  const auto take = [operation](const std::string& header, std::string& into) {
    if (header.empty() || !into.empty()) return;
    if (auto value = SettingIn(operation, std::string(kSettingPrefix) + header))
      into = *std::move(value);
  };
  take(rules.team_header, wish.team);
  take(rules.environment_header, wish.environment);
}

}  // namespace foxfire::server
