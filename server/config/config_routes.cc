#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <utility>

#include "server/config/config_checks.h"

namespace foxfire::server {
namespace {

// HTTP/2 has header names in lower case only (RFC 9113 section 8.2.1); those of gRPC's and of
// Foxfire's own mean something else.
bool IsHeaderName(const std::string& name) {
  const bool is_plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  const auto begins = [&name](const char* with) { return name.rfind(with, 0) == 0; };
  return is_plain && !begins("grpc-") && !begins("x-foxfire-") && name != "authorization" &&
         name != "authentication" && name != "content-type" && name != "user-agent" &&
         name != "proxy-authorization" && name != "cookie" && name != "content-length";
}

bool IsSubdomainName(const std::string& name) {
  return name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return (c < 0x80 && std::isalnum(c) != 0) || c == '-' || c == '_' || c == '.';
         });
}

void CheckRoute(const Checkup& check, const std::string& name, const RouteConfig& route) {
  const std::string section = "route." + name;
  const RoutingConfig& routing = check.config().routing;
  if (route.team.empty() && route.environment.empty())
    check.Fail(section, "no client takes this route", "set team, environment or both");
  if (route.group.empty() && route.profile.empty() && route.subdomain.empty())
    check.Fail(section, "this route leads nowhere", "set group, profile or subdomain");
  if (!route.team.empty() && routing.header_team.empty())
    check.Fail(section + ".team", "no header says the team", "set routing.header_team");
  if (!route.environment.empty() && routing.header_environment.empty())
    check.Fail(section + ".environment", "no header says the environment",
               "set routing.header_environment");
  if (!route.profile.empty() && check.config().profiles.count(route.profile) == 0) {
    check.Fail(section + ".profile", fmt::format("there is no profile \"{}\"", route.profile),
               fmt::format("correct it, or write a section [profile.{}]", route.profile));
  }
  if (!IsSubdomainName(route.subdomain))
    check.Fail(section + ".subdomain", "not a subdomain", "use up to 64 of A-Z a-z 0-9 - _ .");
}

}  // namespace

void CheckRoutes(const Checkup& check) {
  const Config& config = check.config();
  const auto check_header = [&check](const char* key, const std::string& name) {
    if (!IsHeaderName(name))
      check.Fail(key, fmt::format("\"{}\" cannot be such a header", name),
                 "write another name in lower case, such as x-team");
  };
  check_header("routing.header_team", config.routing.header_team);
  check_header("routing.header_environment", config.routing.header_environment);
  if (!config.routing.header_team.empty() &&
      config.routing.header_team == config.routing.header_environment) {
    check.Fail("routing.header_environment", "the same header as routing.header_team",
               "name another one");
  }
  std::map<std::pair<std::string, std::string>, std::string> seen;
  for (const auto& [name, route] : config.routes) {
    CheckRoute(check, name, route);
    const auto [first, is_new] = seen.emplace(std::pair(route.team, route.environment), name);
    if (!is_new) {
      check.Fail("route." + name,
                 fmt::format("the same team and environment as [route.{}]", first->second),
                 "remove one of them");
    }
  }
}

}  // namespace foxfire::server
