#include "engine_launcher/engine_folders.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <functional>
#include <system_error>
#include <utility>

#include "common/log.h"
#include "engine_launcher/process_info.h"

namespace foxfire::launcher {
namespace {

Path Absolute(const Path& path) {
  std::error_code error;
  return std::filesystem::absolute(path, error).lexically_normal();
}

void RemoveAll(const Path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) Log("launcher").warn("removing {}: {}", path.string(), error.message());
}

Result<void> GiveTo(const Path& path, const OsUser* user) {
  if (user == nullptr || lchown(path.c_str(), user->ids.uid, user->ids.gid) == 0) return {};
  return tl::unexpected(
      ErrnoError(errno, fmt::format("giving {} to {}", path.string(), user->name)));
}

Result<void> GiveFile(const Path& path, std::string_view content, const OsUser* user) {
  RETURN_IF_ERROR(CreatePrivateFile(path, content));
  return GiveTo(path, user);
}

}  // namespace

Result<void> CreateEngineFiles(const EngineFiles& files, const Secret& secret, const OsUser* user,
                               const Secret& digest) {
  RETURN_IF_ERROR(MakeFolder(files.folder, user == nullptr ? 0700 : 0711));
  RETURN_IF_ERROR(MakeFolder(files.work, 0700));
  if (!secret.empty()) RETURN_IF_ERROR(GiveFile(files.secret, secret.Reveal(), user));
  if (!digest.empty() && !files.digest.empty())
    RETURN_IF_ERROR(GiveFile(files.digest, digest.Reveal(), user));
  // Given away when all is in it: from then on its owner may put links in our way.
  if (files.work != files.folder) RETURN_IF_ERROR(GiveTo(files.work, user));
  RETURN_IF_ERROR(MakeFolder(files.scratch, 0700));
  return GiveTo(files.scratch, user);
}

Result<UniqueFd> FillEngineFiles(const EngineFiles& files, const EngineCommand& command,
                                 const OsUser* user) {
  RETURN_IF_ERROR(GiveFile(files.properties, command.properties, user));
  if (!command.submit_properties.empty())
    RETURN_IF_ERROR(GiveFile(files.submit_properties, command.submit_properties, user));
  UniqueFd log(open(files.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log.valid()) return tl::unexpected(ErrnoError(errno, "creating " + files.log.string()));
  return log;
}

EngineFolders::EngineFolders(const Path& state_folder, size_t kept)
    : state_folder_(Absolute(state_folder)), kept_(kept) {}

EngineFiles EngineFolders::FilesOf(const EngineId& id) const {
  return EngineFilesIn(state_folder_ / id.str());
}

Result<EngineFiles> EngineFolders::Create(const EngineId& id, const Secret& secret,
                                          const OsUser* user, const Secret& digest) const {
  if (!IsUuid(id.str()))
    return MakeError(Code::kInvalidArgument, fmt::format("\"{}\" is no engine id", id.str()));
  const Path folder = FilesOf(id).folder;
  const EngineFiles files = user == nullptr ? EngineFilesIn(folder) : EngineFilesForUser(folder);
  RETURN_IF_ERROR(CreateEngineFiles(files, secret, user, digest));
  return files;
}

Result<void> EngineFolders::WritePid(const EngineFiles& files, int64_t pid) const {
  const auto ticks = StartTicks(pid);
  return WriteFileAtomically(
      files.pid, ticks ? fmt::format("{} {}\n", pid, *ticks) : fmt::format("{}\n", pid), 0600);
}

void EngineFolders::Discard(const EngineId& id) const {
  if (IsUuid(id.str())) RemoveAll(FilesOf(id).folder);
}

bool EngineFolders::IsRunning(const EngineId& id) const {
  const auto text = ReadFile(FilesOf(id).pid, 64);
  if (!text) return false;
  int64_t pid = 0;
  uint64_t ticks = 0;
  const char* const end = text->data() + text->size();
  const char* const rest = std::from_chars(text->data(), end, pid).ptr;
  // Not every program that an operator starts has the engine's id in its arguments.
  if (rest != end && *rest == ' ' && std::from_chars(rest + 1, end, ticks).ec == std::errc())
    return IsProcess(pid, ticks).value_or(true);
  return HasArgumentWith(pid, EngineIdArgument(id)).value_or(true);
}

void EngineFolders::Clean(const EngineId& id) const {
  if (!IsUuid(id.str())) return;
  const EngineFiles files = FilesOf(id);
  const EngineFiles for_user = EngineFilesForUser(files.folder);
  for (const Path& path :
       {files.scratch, files.secret, files.pid, for_user.secret, for_user.digest}) {
    RemoveAll(path);
  }
}

void EngineFolders::Sweep() const {
  using Ended = std::pair<std::filesystem::file_time_type, EngineId>;
  std::vector<Ended> ended;
  std::error_code error;
  std::filesystem::directory_iterator entries(state_folder_, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const EngineId id(entries->path().filename().string());
    if (!IsUuid(id.str()) || IsRunning(id)) continue;
    std::error_code ignored;
    // One without a pid file and younger than this may be a launch under way.
    const auto age = std::filesystem::last_write_time(entries->path(), ignored);
    if (ignored || std::filesystem::file_time_type::clock::now() - age < std::chrono::minutes(1))
      continue;
    ended.emplace_back(age, id);
  }
  std::sort(ended.begin(), ended.end(), std::greater<>());
  for (size_t i = 0; i < ended.size(); ++i) {
    if (i < kept_) {
      Clean(ended[i].second);
    } else {
      RemoveAll(FilesOf(ended[i].second).folder);
    }
  }
}

}  // namespace foxfire::launcher
