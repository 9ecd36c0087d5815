// Keeps other processes out of a file for a while.
#pragma once

#include "common/clock.h"
#include "common/files.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace foxfire {

// Holds a lock file (flock(2)) until it goes; the kernel lets go of it when the process dies. The
// lock file is made (0600) and stays: removing it would let two processes hold two locks. A second
// lock in the same process waits like any other. Thread-compatible.
class FileLock {
 public:
  // Waits for up to `patience` for whoever holds it, then UNAVAILABLE.
  static Result<FileLock> Take(const Path& lock_file, Duration patience);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace foxfire
