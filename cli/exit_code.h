// How the foxfire program ends: docs/cli.md promises these numbers to scripts.
#pragma once

#include "common/result.h"

namespace foxfire::cli {

enum class ExitCode : int {
  kDone = 0,
  kFailed = 1,
  kWrongUsage = 2,
  kNotAllowed = 3,
  kNotFound = 4,
};

ExitCode ExitCodeOf(Code code);

}  // namespace foxfire::cli
