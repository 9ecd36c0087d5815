#include "server/config/config_schema.h"

namespace foxfire::server {
namespace {

// clang-format off
#define FIELD(member) [](const FieldTarget& target) -> FieldRef { return &target.config->member; }
#define ROUTE(member) [](const FieldTarget& target) -> FieldRef { return &target.route->member; }
// clang-format on

constexpr std::string_view kRouting = "routing";
constexpr std::string_view kAny;

}  // namespace

ConfigKeyList RoutingKeys() {
  return {
      {kRouting, "header_team", kAny,
       "Header that says a client's team, for [route.<name>]; empty: none.",
       FIELD(routing.header_team)},
      {kRouting, "header_environment", kAny,
       "Header that says a client's environment, for [route.<name>]; empty: none.",
       FIELD(routing.header_environment)},
      {kRouteSection, "team", kAny, "What the team's header says; empty: anything.", ROUTE(team)},
      {kRouteSection, "environment", kAny, "What the environment's header says; empty: anything.",
       ROUTE(environment)},
      {kRouteSection, "group", kAny,
       "Group whose engine it leads to, of share level group; empty: as without a route.",
       ROUTE(group)},
      {kRouteSection, "profile", kAny, "Profile that it leads to; empty: as without a route.",
       ROUTE(profile)},
      {kRouteSection, "subdomain", kAny, "Subdomain that it leads to; empty: as without a route.",
       ROUTE(subdomain)},
      {kRouteSection, "for_groups", kAny,
       "Groups whose members may take it, besides its group's; without either everybody may.",
       ROUTE(for_groups)},
  };
}

#undef FIELD
#undef ROUTE

}  // namespace foxfire::server
