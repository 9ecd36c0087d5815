// What the commands of every noun have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "cli/client.h"
#include "cli/output.h"
#include "common/clock.h"
#include "common/result.h"

namespace foxfire::cli {

// Where a command writes, and what it knows of the world. A value type.
struct Terminal {
  std::ostream& out;
  std::optional<size_t> width;  // columns; not set: tables are never cut
  WallTime now;
};

// A command line that has been understood, ready to run.
using Action = std::function<Result<void>(Client&, const Terminal&)>;

// Adds "--output table|json".
void AddOutputOption(CLI::App& command, OutputFormat& format);

// Adds an option that takes "30s" or "5m".
CLI::Option* AddDurationOption(CLI::App& command, const std::string& name, Duration& duration,
                               const std::string& description);

// Adds a command to a noun; `options` are what its arguments are parsed into.
template <typename Options>
CLI::App* AddVerb(CLI::App& noun, const std::string& verb, const std::string& description,
                  const std::shared_ptr<Options>& options, Action& action,
                  Result<void> (*run)(const Options&, Client&, const Terminal&)) {
  CLI::App* command = noun.add_subcommand(verb, description);
  command->callback([options, &action, run] {
    action = [options, run](Client& client, const Terminal& terminal) {
      return run(*options, client, terminal);
    };
  });
  return command;
}

}  // namespace foxfire::cli
