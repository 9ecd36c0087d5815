// foxfire engine start|drain|register|unregister
#pragma once

#include <string>

#include "cli/command.h"

namespace foxfire::cli {

// Adds them to `noun`. `action` is set when the command line names one of these commands; it must
// outlive `noun`.
void AddEngineOrders(CLI::App& noun, Action& action);

std::string StartReport(const pb::StartEngineResponse& started);
std::string DrainReport(const pb::DrainEngineResponse& drained, Duration grace);
std::string RegisterReport(const pb::RegisterEngineResponse& made);
std::string UnregisterReport(const pb::UnregisterEngineResponse& gone);

}  // namespace foxfire::cli
