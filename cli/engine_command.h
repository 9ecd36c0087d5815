// foxfire engine list|queue|show|kill|logs; the other orders are in engine_orders.h
#pragma once

#include <string>

#include "cli/command.h"

namespace foxfire::cli {

// `action` is set when the command line names one of these commands; it must outlive `app`.
void AddEngineCommand(CLI::App& app, Action& action);

std::string EngineTable(const pb::ListEnginesResponse& engines, const Terminal& terminal);
std::string FailureTable(const pb::ListEnginesResponse& engines, const Terminal& terminal);
std::string SpareTable(const pb::ListEnginesResponse& engines, const Terminal& terminal);
// All three; of spares and failures only if there are some.
std::string EngineBlocks(const pb::ListEnginesResponse& engines, const Terminal& terminal);
std::string LaunchTable(const pb::ListLaunchesResponse& launches, const Terminal& terminal);
std::string EngineFields(const pb::Engine& engine, const Terminal& terminal);
std::string KillReport(const pb::KillEngineResponse& killed);

}  // namespace foxfire::cli
