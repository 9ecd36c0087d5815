#include "engine_launcher/os_user_access.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace foxfire::launcher {
namespace {

constexpr mode_t kThrough = S_IXUSR | S_IXGRP | S_IXOTH;

// Adds `wanted` to the mode; a file that is not there is left so.
Result<void> AddMode(const Path& path, mode_t wanted) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return tl::unexpected(ErrnoError(errno, "looking at " + path.string()));
  }
  if ((info.st_mode & wanted) == wanted) return {};
  if (chmod(path.c_str(), (info.st_mode & 07777) | wanted) == 0) return {};
  return tl::unexpected(ErrnoError(errno, "opening " + path.string() + " to other users"));
}

Result<void> CheckWayTo(const Path& folder) {
  for (Path at = folder; at != at.parent_path(); at = at.parent_path()) {
    struct stat info {};
    if (stat(at.c_str(), &info) == 0 && (info.st_mode & kThrough) == kThrough) continue;
    return MakeError(
        Code::kFailedPrecondition,
        fmt::format("engines that run as OS users of their own cannot go through {} to "
                    "{}; run `chmod a+x {}`, or put it where they reach it",
                    at.string(), folder.string(), at.string()));
  }
  return {};
}

}  // namespace

Result<void> OpenFoldersToUsers(const LauncherOptions& options) {
  std::error_code error;
  for (const Path& path : {options.state_folder, options.cache_folder}) {
    const Path folder = std::filesystem::absolute(path, error).lexically_normal();
    RETURN_IF_ERROR(AddMode(folder, kThrough));
    RETURN_IF_ERROR(AddMode(folder.parent_path(), kThrough));
    RETURN_IF_ERROR(CheckWayTo(folder));
  }
  return {};
}

Result<void> CheckUsersReach(const Path& path) {
  std::error_code error;
  return CheckWayTo(std::filesystem::absolute(path, error).lexically_normal().parent_path());
}

Result<void> OpenRuntimeToUsers(const EngineRuntime& runtime) {
  RETURN_IF_ERROR(AddMode(runtime.argument_file, S_IRGRP | S_IROTH));
  return AddMode(runtime.archive, S_IRGRP | S_IROTH);
}

}  // namespace foxfire::launcher
