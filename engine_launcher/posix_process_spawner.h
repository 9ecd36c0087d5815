// Processes of this machine.
#pragma once

#include "engine_launcher/process_spawner.h"

namespace foxfire::launcher {

// fork and exec. Everything that needs memory is made ready before the fork; between fork and exec
// only async-signal-safe calls run, because other threads may hold locks at that moment.
// Thread-safe.
class PosixProcessSpawner final : public ProcessSpawner {
 public:
  Result<SpawnedProcess> Spawn(const ProcessSpec& spec) override;
  ProcessEnd Reap(const UniqueFd& pidfd) override;
};

}  // namespace foxfire::launcher
