#include "common/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <thread>

namespace foxfire {

Result<FileLock> FileLock::Take(const Path& lock_file, Duration patience) {
  UniqueFd fd(open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid())
    return tl::unexpected(ErrnoError(errno, fmt::format("opening {}", lock_file.string())));
  const SteadyTime deadline = std::chrono::steady_clock::now() + patience;
  while (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return tl::unexpected(ErrnoError(errno, fmt::format("locking {}", lock_file.string())));
    if (std::chrono::steady_clock::now() >= deadline)
      return MakeError(Code::kUnavailable,
                       fmt::format("locking {}: another process holds it", lock_file.string()));
    // Nothing to wait for: flock(2) has no time-out, and another process' unlock is no event.
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return FileLock(std::move(fd));
}

}  // namespace foxfire
