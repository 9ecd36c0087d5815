#include "engine_launcher/os_user.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace foxfire::launcher {
namespace {

constexpr size_t kEntryMax = 1U << 20;  // bytes
constexpr int kGroupsMax = 65536;       // Linux's NGROUPS_MAX

// All groups that the user database names for somebody, the first one included.
Result<std::vector<gid_t>> GroupsOf(const std::string& name, gid_t first) {
  std::vector<gid_t> groups(64);
  for (;;) {
    int count = static_cast<int>(groups.size());
    if (getgrouplist(name.c_str(), first, groups.data(), &count) >= 0) {
      groups.resize(static_cast<size_t>(count));
      return groups;
    }
    if (groups.size() >= kGroupsMax) {
      return MakeError(Code::kInternal, fmt::format("OS user \"{}\" is in too many groups", name));
    }
    groups.resize(groups.size() * 2);
  }
}

}  // namespace

Result<OsUser> FindOsUser(const std::string& name) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> space(4096);
  int error = 0;
  while ((error = getpwnam_r(name.c_str(), &entry, space.data(), space.size(), &found)) == ERANGE &&
         space.size() < kEntryMax) {
    space.resize(space.size() * 2);
  }
  if (found == nullptr && (error == 0 || error == ENOENT || error == ESRCH)) {
    return MakeError(
        Code::kFailedPrecondition,
        fmt::format("there is no OS user \"{}\" on this machine; make it (useradd), or "
                    "choose another run_as in the profile",
                    name));
  }
  if (found == nullptr)
    return tl::unexpected(ErrnoError(error, fmt::format("looking for OS user \"{}\"", name)));
  if (entry.pw_uid == 0) {
    return MakeError(Code::kPermissionDenied,
                     fmt::format("OS user \"{}\" is root (uid 0), as which no engine runs", name));
  }
  OsUser user{name, entry.pw_dir == nullptr ? "/" : entry.pw_dir, {entry.pw_uid, entry.pw_gid, {}}};
  ASSIGN_OR_RETURN(user.ids.groups, GroupsOf(name, entry.pw_gid));
  return user;
}

}  // namespace foxfire::launcher
