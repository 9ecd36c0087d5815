// Routes: which engine a client's headers "team" and "environment" lead to (docs/engines.md).
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "common/result.h"
#include "server/call/call.h"

namespace foxfire::server {

// One [route.<name>] of the configuration. A value type.
struct EngineRoute {
  std::string name;
  // What the headers must say; empty: whatever they say. Not both are empty.
  std::string team;
  std::string environment;
  // Where it leads; empty: as without a route. With a group the share level is group.
  std::string group;
  std::string profile;
  std::string subdomain;
  // Whose members may take it, besides those of `group`. Empty, and no group: everybody.
  std::set<std::string> allowed_groups;
};

struct RoutingRules {
  // Names of the headers, in lower case; empty: it is not looked at.
  std::string team_header = "x-team";
  std::string environment_header = "x-environment";
  std::vector<EngineRoute> routes;
};

// The route that the wish asks for: that of its team and environment, else of the team, else of
// the environment. nullptr if it asks for none, or there are none at all. PERMISSION_DENIED, in the
// same words, if no route fits and if the caller may not take the one that does. Lives as long as
// `rules`. Pure.
Result<const EngineRoute*> FindRoute(const RoutingRules& rules, const auth::Principal& principal,
                                     const EngineWish& wish);

// Clients that set headers as Spark settings do not send them as headers: they put
// "spark.connect.grpc.header.<name>" into a Config request. Takes team and environment from there
// where the wish has none. `operation`: ConfigRequest.operation, serialised; may be anything.
void TakeHeadersFromConfig(const RoutingRules& rules, std::string_view operation, EngineWish& wish);

}  // namespace foxfire::server
