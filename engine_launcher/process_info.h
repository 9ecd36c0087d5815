// What Linux says about processes of this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace foxfire::launcher {

// All are thread-safe; nullopt: no such process (any more).

// Empty for one that has ended but is not reaped yet.
std::optional<std::vector<std::string>> CommandLine(int64_t pid);

// True if the process was started with this very argument; tells ours from one that got its pid.
bool HasArgument(int64_t pid, const std::string& argument);

// In clock ticks since boot; with the pid it names a process for as long as the machine runs.
std::optional<uint64_t> StartTicks(int64_t pid);

// Bytes of memory that are in RAM.
std::optional<uint64_t> ResidentBytes(int64_t pid);

// A pidfd, also of a process that is no child.
Result<UniqueFd> OpenProcess(int64_t pid);

// Sends a signal to the process group that `pid` leads, or else to `pid` alone.
Result<void> SignalGroup(int64_t pid, int signal);

}  // namespace foxfire::launcher
