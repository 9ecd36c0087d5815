// Text compared with a file under tests/golden (tests/support/golden.h).
#pragma once

#include "tests/support/golden.h"

namespace foxfire::cli {

using foxfire::ExpectGolden;

}  // namespace foxfire::cli
