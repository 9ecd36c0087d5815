#include "cli/asked.h"

namespace foxfire::cli {

void AddAskedOptions(CLI::App& command, Asked& asked) {
  command.add_option("--user", asked.user, "Whose session (default you)")->type_name("NAME");
  command.add_option(
      "--group", asked.groups,
      "A group of theirs; may be given again (default those of your token, or their newest)");
  command.add_option("--share-level", asked.share_level, "As ;x-foxfire-share-level= asks for");
  command.add_option("--profile", asked.profile, "As ;x-foxfire-profile= asks for");
  command.add_option("--subdomain", asked.subdomain, "As ;x-foxfire-subdomain= asks for");
  command.add_option("--team", asked.team, "As the header of routing.header_team says");
  command.add_option("--environment", asked.environment,
                     "As the header of routing.header_environment says");
}

}  // namespace foxfire::cli
