// The fake engine as a process: serves, registers itself, obeys.
#pragma once

#include "tests/fake_engine/engine_options.h"

namespace foxfire::fake {

// The exit status. SIGTERM must be blocked in every thread; it is taken here. Lines as in
// docs/engine-contract.md go to standard output.
int RunEngine(const EngineOptions& options, const LaunchScript& script);

}  // namespace foxfire::fake
