#include "engine_launcher/local_launcher.h"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <system_error>
#include <utility>

#include "common/cleanup.h"
#include "common/log.h"
#include "engine_launcher/awaited.h"
#include "engine_launcher/engine_command.h"
#include "engine_launcher/log_tail.h"
#include "engine_launcher/process_info.h"

namespace foxfire::launcher {
namespace {

constexpr Duration kCheckTimeout = std::chrono::minutes(5);

}  // namespace

LocalLauncher::LocalLauncher(LauncherOptions options, std::vector<EngineProfile> profiles,
                             ProcessSpawner& spawner, LaunchThread& thread)
    : options_(std::move(options)),
      profiles_(std::move(profiles)),
      spawner_(spawner),
      thread_(thread),
      folders_(options_.state_folder, options_.kept_folders),
      runtimes_(options_.engine_jar, options_.cache_folder, spawner),
      archives_(options_, spawner, thread) {}

const EngineProfile* LocalLauncher::FindProfile(const std::string& name) const {
  for (const EngineProfile& profile : profiles_) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

Result<void> LocalLauncher::Check() {
  const auto answer = Awaited<Result<void>>::Make();
  thread_.Post([this, answer] { answer->Set(CheckProfiles()); });
  const auto checked = answer->Wait(kCheckTimeout);
  if (!checked) return MakeError(Code::kDeadlineExceeded, "checking the profiles takes too long");
  return *checked;
}

Result<void> LocalLauncher::CheckProfiles() {
  RETURN_IF_ERROR_CONTEXT(MakeFolder(options_.state_folder, 0700), "engine.state_folder");
  RETURN_IF_ERROR_CONTEXT(MakeFolder(options_.cache_folder, 0700), "engine.cache_folder");
  for (const EngineProfile& profile : profiles_) {
    RETURN_IF_ERROR(CheckProfile(profile));
    RETURN_IF_ERROR(runtimes_.Find(profile));
  }
  folders_.Sweep();
  return {};
}

void LocalLauncher::EnsureArchive(const EngineProfile& profile, CdsArchives::Done done) {
  auto runtime = runtimes_.Find(profile);
  if (!runtime) return done(tl::unexpected(std::move(runtime).error()));
  archives_.Ensure(profile, *runtime, std::move(done));
}

Result<void> LocalLauncher::MakeArchives() {
  for (const EngineProfile& profile : profiles_) {
    if (!profile.cds_archive) continue;
    const auto answer = Awaited<Result<void>>::Make();
    thread_.Post([this, &profile, answer] {
      EnsureArchive(profile, [answer](Result<void> made) { answer->Set(std::move(made)); });
    });
    const auto made = answer->Wait(kCheckTimeout + options_.archive_timeout);
    if (!made)
      return MakeError(Code::kDeadlineExceeded, "making a class data archive takes too long");
    if (!*made) return *made;
  }
  return {};
}

void LocalLauncher::MakeArchivesInBackground() {
  for (const EngineProfile& profile : profiles_) {
    if (!profile.cds_archive) continue;
    thread_.Post([this, &profile] {
      EnsureArchive(profile, [](const Result<void>& made) {
        if (!made) Log("launcher").warn("{}", made.error().message);
      });
    });
  }
}

void LocalLauncher::OnExit(std::function<void(EngineExit)> listener) {
  MutexLock lock(mutex_);
  listener_ = std::move(listener);
}

void LocalLauncher::Launch(LaunchRequest request, std::function<void(Result<int64_t>)> started) {
  thread_.Post([this, request = std::move(request), started = std::move(started)] {
    started(Start(request));
  });
}

Result<int64_t> LocalLauncher::Start(const LaunchRequest& request) {
  const EngineProfile* profile = FindProfile(request.key.profile);
  if (profile == nullptr) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("there is no profile \"{0}\"; add [profile.{0}] to the config",
                                 request.key.profile));
  }
  ASSIGN_OR_RETURN(SpawnedProcess process, Spawn(request, *profile));
  const int64_t pid = process.pid;
  {
    MutexLock lock(mutex_);
    known_[request.id] = {pid, request.secret};
  }
  thread_.Watch(std::move(process.pidfd),
                [this, id = request.id](ProcessEnd end) { Ended(id, end); });
  Log("launcher")
      .info("engine started engine={} key={} pid={}", request.id.str(), request.key.ToString(),
            pid);
  return pid;
}

Result<SpawnedProcess> LocalLauncher::Spawn(const LaunchRequest& request,
                                            const EngineProfile& profile) {
  ASSIGN_OR_RETURN(const EngineRuntime runtime, runtimes_.Find(profile));
  ASSIGN_OR_RETURN(const EngineFiles files, folders_.Create(request.id, request.secret));
  Cleanup discard([this, &request] { folders_.Discard(request.id); });
  const auto inherited = InheritedEnvironment();
  const bool use_archive = profile.cds_archive && CdsArchives::Exists(runtime);
  EngineCommand command =
      MakeEngineCommand({profile, options_, runtime, files, inherited}, request, use_archive);
  ASSIGN_OR_RETURN(const UniqueFd log, FillEngineFiles(files, command.properties));
  const ProcessSpec spec{std::move(command.argv), std::move(command.environment),
                         files.folder.string(), log.get(), 0};
  ASSIGN_OR_RETURN(SpawnedProcess process, spawner_.Spawn(spec));
  discard.Cancel();
  // Only the cleaning up behind an unwatched engine needs it.
  if (const auto written = folders_.WritePid(files, process.pid); !written)
    Log("launcher").warn("{}", written.error().message);
  return process;
}

void LocalLauncher::Adopt(const EngineId& id, int64_t pid) {
  thread_.Post([this, id, pid] { StartAdopting(id, pid); });
}

void LocalLauncher::StartAdopting(const EngineId& id, int64_t pid) {
  {
    MutexLock lock(mutex_);
    const auto found = known_.find(id);
    if (found != known_.end() && found->second.pid != 0) return;  // it is watched already
  }
  // Opened before it is looked at: the pidfd then stays with the process that is looked at.
  auto process = OpenProcess(pid);
  if (!process || !HasArgument(pid, EngineIdArgument(id))) return Ended(id, ProcessEnd{});
  {
    MutexLock lock(mutex_);
    known_[id].pid = pid;
  }
  thread_.Watch(std::move(*process), [this, id](ProcessEnd end) { Ended(id, end); });
  Log("launcher").info("engine adopted engine={} pid={}", id.str(), pid);
}

void LocalLauncher::Ended(const EngineId& id, ProcessEnd end) {
  std::function<void(EngineExit)> listener;
  {
    MutexLock lock(mutex_);
    known_[id].pid = 0;
    listener = listener_;
  }
  Log("launcher").info("engine ended engine={} how=\"{}\"", id.str(), end.ToString());
  if (listener) listener({id, end.ToString()});
  folders_.Clean(id);
  folders_.Sweep();
  MutexLock lock(mutex_);
  std::erase_if(known_, [this](const auto& entry) {
    std::error_code error;
    return entry.second.pid == 0 &&
           !std::filesystem::exists(folders_.FilesOf(entry.first).folder, error);
  });
}

Result<void> LocalLauncher::Kill(const EngineId& id) {
  MutexLock lock(mutex_);
  const auto found = known_.find(id);
  if (found == known_.end())
    return MakeError(Code::kNotFound, fmt::format("engine {} is none of this gateway", id.str()));
  const int64_t pid = found->second.pid;
  // The pid may have gone to another process: then the engine has ended and OnExit is on its way.
  if (pid == 0 || !HasArgument(pid, EngineIdArgument(id))) return {};
  auto killed = SignalGroup(pid, SIGKILL);
  if (!killed && killed.error().code != Code::kNotFound) return killed;
  return {};
}

Result<std::string> LocalLauncher::LogTail(const EngineId& id, size_t lines) const {
  if (!IsUuid(id.str()))
    return MakeError(Code::kInvalidArgument, fmt::format("\"{}\" is no engine id", id.str()));
  std::vector<Secret> secrets;
  {
    MutexLock lock(mutex_);
    const auto found = known_.find(id);
    if (found != known_.end()) secrets.push_back(found->second.secret);
  }
  auto tail = launcher::LogTail(folders_.FilesOf(id).log, lines, secrets);
  if (!tail && tail.error().code == Code::kNotFound) {
    return MakeError(Code::kNotFound,
                     fmt::format("engine {} has no log on this machine", id.str()));
  }
  return tail;
}

std::optional<uint64_t> LocalLauncher::ResidentBytes(int64_t pid) const {
  return launcher::ResidentBytes(pid);
}

}  // namespace foxfire::launcher
