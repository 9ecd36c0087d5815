// foxfire explain
#pragma once

#include <string>

#include "cli/command.h"

namespace foxfire::cli {

// `action` is set when the command line names this command; it must outlive `app`.
void AddExplainCommand(CLI::App& app, Action& action);

std::string ExplainReport(const pb::ExplainResponse& explained);

}  // namespace foxfire::cli
