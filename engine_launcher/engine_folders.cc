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

}  // namespace

Result<void> CreateEngineFiles(const EngineFiles& files, const Secret& secret) {
  RETURN_IF_ERROR(MakeFolder(files.folder, 0700));
  RETURN_IF_ERROR(MakeFolder(files.scratch, 0700));
  return CreatePrivateFile(files.secret, secret.Reveal());
}

Result<UniqueFd> FillEngineFiles(const EngineFiles& files, const std::string& properties) {
  RETURN_IF_ERROR(CreatePrivateFile(files.properties, properties));
  UniqueFd log(open(files.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log.valid()) return tl::unexpected(ErrnoError(errno, "creating " + files.log.string()));
  return log;
}

EngineFolders::EngineFolders(const Path& state_folder, size_t kept)
    : state_folder_(Absolute(state_folder)), kept_(kept) {}

EngineFiles EngineFolders::FilesOf(const EngineId& id) const {
  return EngineFilesIn(state_folder_ / id.str());
}

Result<EngineFiles> EngineFolders::Create(const EngineId& id, const Secret& secret) const {
  if (!IsUuid(id.str()))
    return MakeError(Code::kInvalidArgument, fmt::format("\"{}\" is no engine id", id.str()));
  const EngineFiles files = FilesOf(id);
  RETURN_IF_ERROR(CreateEngineFiles(files, secret));
  return files;
}

Result<void> EngineFolders::WritePid(const EngineFiles& files, int64_t pid) const {
  return WriteFileAtomically(files.pid, fmt::format("{}\n", pid), 0600);
}

void EngineFolders::Discard(const EngineId& id) const {
  if (IsUuid(id.str())) RemoveAll(FilesOf(id).folder);
}

bool EngineFolders::IsRunning(const EngineId& id) const {
  const auto text = ReadFile(FilesOf(id).pid, 64);
  if (!text) return false;
  int64_t pid = 0;
  std::from_chars(text->data(), text->data() + text->size(), pid);
  return HasArgument(pid, EngineIdArgument(id));
}

void EngineFolders::Clean(const EngineId& id) const {
  if (!IsUuid(id.str())) return;
  const EngineFiles files = FilesOf(id);
  RemoveAll(files.scratch);
  RemoveAll(files.secret);
  RemoveAll(files.pid);
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
