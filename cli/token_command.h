// foxfire token create|list|revoke
#pragma once

#include <string>

#include "cli/command.h"

namespace foxfire::cli {

// `action` is set when the command line names one of these commands; it must outlive `app`.
void AddTokenCommand(CLI::App& app, Action& action);

std::string TokenTable(const pb::ListTokensResponse& tokens, const Terminal& terminal);
std::string TokenReport(const pb::CreateTokenResponse& created);

}  // namespace foxfire::cli
