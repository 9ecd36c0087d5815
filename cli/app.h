// The foxfire program, but for what main() knows: its arguments, its streams, its environment.
#pragma once

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/exit_code.h"

namespace foxfire::cli {

struct World {
  std::ostream& out;
  std::ostream& err;
  std::optional<size_t> width;  // see Terminal
  WallTime now;
  std::function<std::optional<std::string>(const char*)> environment;
};

// `arguments` without the program's name.
ExitCode Run(std::vector<std::string> arguments, const World& world);

}  // namespace foxfire::cli
