// What Linux says about processes of this machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/unique_fd.h"

namespace foxfire::launcher {

// All are thread-safe; nullopt: no such process (any more).

// Empty for one that has ended but is not reaped yet.
std::optional<std::vector<std::string>> CommandLine(int64_t pid);

// True if the process was started with this very argument; tells ours from one that got its pid.
bool HasArgument(int64_t pid, const std::string& argument);

// True if one of its arguments contains `part`: programs in front of java, spark-submit's scripts
// for one, carry java's options in an argument of their own. False also if there is no such
// process; an error if nobody can say, for want of file descriptors.
Result<bool> HasArgumentWith(int64_t pid, std::string_view part);

// In clock ticks since boot; with the pid it names a process for as long as the machine runs.
// NOT_FOUND: no such process; other errors: nobody can say, for want of file descriptors.
Result<uint64_t> StartTicks(int64_t pid);

// True if that process started at that moment.
Result<bool> IsProcess(int64_t pid, uint64_t start_ticks);

// Bytes of memory that are in RAM.
std::optional<uint64_t> ResidentBytes(int64_t pid);

// A pidfd, also of a process that is no child.
Result<UniqueFd> OpenProcess(int64_t pid);

// Sends a signal to the process group that `pid` leads, or else to `pid` alone.
Result<void> SignalGroup(int64_t pid, int signal);

}  // namespace foxfire::launcher
