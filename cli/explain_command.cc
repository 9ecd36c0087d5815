#include "cli/explain_command.h"

#include <memory>

#include "cli/asked.h"
#include "cli/table.h"

namespace foxfire::cli {
namespace {

struct ExplainOptions {
  Asked asked;
  OutputFormat format = OutputFormat::kTable;
};

Result<void> Explain(const ExplainOptions& options, Client& client, const Terminal& terminal) {
  pb::ExplainRequest request;
  FillIn(options.asked, request);
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
  AddAskedOptions(*explain, options->asked);
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
                       {"outcome", explained.outcome()},
                       {"prestart", explained.prestart() ? "on" : "off"}});
}

}  // namespace foxfire::cli
