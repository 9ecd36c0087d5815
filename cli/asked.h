// Whose engine a command is about, and what their client would ask for: what `explain` and
// `engine start` have in common.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace foxfire::cli {

// A value type; empty: not given.
struct Asked {
  std::string user;
  std::vector<std::string> groups;
  std::string share_level;
  std::string profile;
  std::string subdomain;
  std::string team;
  std::string environment;
};

// `asked` must outlive `command`.
void AddAskedOptions(CLI::App& command, Asked& asked);

template <typename Request>
void FillIn(const Asked& asked, Request& request) {
  request.set_user(asked.user);
  for (const std::string& group : asked.groups) request.add_groups(group);
  request.set_share_level(asked.share_level);
  request.set_profile(asked.profile);
  request.set_subdomain(asked.subdomain);
  request.set_team(asked.team);
  request.set_environment(asked.environment);
}

}  // namespace foxfire::cli
