// foxfire engine list|queue|show|kill|logs
#pragma once

#include <string>

#include "cli/command.h"

namespace foxfire::cli {

// `action` is set when the command line names one of these commands; it must outlive `app`.
void AddEngineCommand(CLI::App& app, Action& action);

std::string EngineTable(const pb::ListEnginesResponse& engines, const Terminal& terminal);
std::string LaunchTable(const pb::ListLaunchesResponse& launches, const Terminal& terminal);
std::string EngineFields(const pb::Engine& engine, const Terminal& terminal);
std::string KillReport(const pb::KillEngineResponse& killed);

}  // namespace foxfire::cli
