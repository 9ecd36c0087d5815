// foxfire session list|close
#pragma once

#include <string>

#include "cli/command.h"

namespace foxfire::cli {

// `action` is set when the command line names one of these commands; it must outlive `app`.
void AddSessionCommand(CLI::App& app, Action& action);

std::string SessionTable(const pb::ListSessionsResponse& sessions, const Terminal& terminal);

}  // namespace foxfire::cli
