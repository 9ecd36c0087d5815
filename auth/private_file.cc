#include "auth/private_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

namespace foxfire::auth {

Result<std::string> ReadPrivateFile(const Path& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT)
      return MakeError(Code::kNotFound, fmt::format("{} does not exist", path.string()));
    return tl::unexpected(ErrnoError(errno, fmt::format("reading {}", path.string())));
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return MakeError(
        Code::kFailedPrecondition,
        fmt::format("{0} has mode {1:04o}, so other users of this machine can get at it: run "
                    "\"chmod 600 {0}\"",
                    path.string(), info.st_mode & 07777));
  }
  return ReadFile(path);
}

}  // namespace foxfire::auth
