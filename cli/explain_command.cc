#include "cli/explain_command.h"

#include <memory>

#include "cli/table.h"

namespace foxfire::cli {
namespace {

struct ExplainOptions {
  std::string user;
  std::vector<std::string> groups;
  std::string share_level;
  std::string profile;
  std::string subdomain;
  OutputFormat format = OutputFormat::kTable;
};

Result<void> Explain(const ExplainOptions& options, Client& client, const Terminal& terminal) {
  pb::ExplainRequest request;
  request.set_user(options.user);
  for (const std::string& group : options.groups) request.add_groups(group);
  request.set_share_level(options.share_level);
  request.set_profile(options.profile);
  request.set_subdomain(options.subdomain);
  ASSIGN_OR_RETURN(const auto explained, client.Call(&pb::Admin::StubInterface::Explain, request));
  terminal.out << (options.format == OutputFormat::kJson ? Render(ToJson(explained))
                                                         : ExplainReport(explained));
  return {};
}

}  // namespace

void AddExplainCommand(CLI::App& app, Action& action) {
  const auto options = std::make_shared<ExplainOptions>();
  CLI::App* explain =
      AddVerb(app, "explain", "Which engine somebody's next session would get, and why", options,
              action, Explain);
  explain->add_option("--user", options->user, "Whose session (default you)")->type_name("NAME");
  explain->add_option(
      "--group", options->groups,
      "A group of theirs; may be given again (default those of their newest token)");
  explain->add_option("--share-level", options->share_level, "As ;x-foxfire-share-level= asks for");
  explain->add_option("--profile", options->profile, "As ;x-foxfire-profile= asks for");
  explain->add_option("--subdomain", options->subdomain, "As ;x-foxfire-subdomain= asks for");
  AddOutputOption(*explain, options->format);
}

std::string ExplainReport(const pb::ExplainResponse& explained) {
  std::string groups;
  for (const std::string& group : explained.groups())
    groups += (groups.empty() ? "" : ", ") + group;
  return RenderFields({{"user", explained.user()},
                       {"groups", groups},
                       {"rules", explained.rules()},
                       {"key", explained.key()},
                       {"run as", explained.run_as()},
                       {"engine", explained.engine_id()},
                       {"outcome", explained.outcome()}});
}

}  // namespace foxfire::cli
