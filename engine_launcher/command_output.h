// Short commands, run to their end.
#pragma once

#include <string>

#include "common/clock.h"
#include "engine_launcher/process_spawner.h"

namespace foxfire::launcher {

struct CommandOutput {
  ProcessEnd end;
  std::string text;  // standard output and error
};

// Blocks for up to `timeout`, then kills the command (DEADLINE_EXCEEDED). `spec.output_fd` is
// ignored. Thread-safe.
Result<CommandOutput> RunCommand(ProcessSpawner& spawner, ProcessSpec spec, Duration timeout);

}  // namespace foxfire::launcher
