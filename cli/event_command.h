// foxfire event list
#pragma once

#include <string>

#include "cli/command.h"

namespace foxfire::cli {

// `action` is set when the command line names one of these commands; it must outlive `app`.
void AddEventCommand(CLI::App& app, Action& action);

std::string EventTable(const pb::ListEventsResponse& events, const Terminal& terminal);

}  // namespace foxfire::cli
