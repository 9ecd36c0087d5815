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
#include "engine_launcher/engine_properties.h"
#include "engine_launcher/kill_command.h"
#include "engine_launcher/launcher_rules.h"
#include "engine_launcher/log_tail.h"
#include "engine_launcher/os_user_access.h"
#include "engine_launcher/process_info.h"
#include "engine_launcher/submit_command.h"
#include "engine_launcher/template_command.h"

namespace foxfire::launcher {
namespace {

constexpr Duration kCheckTimeout = std::chrono::minutes(5);
constexpr Duration kAdoptRetry = std::chrono::seconds(1);

std::optional<uint64_t> KnownTicks(int64_t pid) {
  const auto ticks = StartTicks(pid);
  return ticks ? std::optional(*ticks) : std::nullopt;
}

bool UsesArchive(const EngineProfile& profile) {
  return profile.cds_archive && profile.launcher == LauncherKind::kLocal;
}

EngineCommand MakeCommand(const EngineCommandInput& input, const LaunchRequest& request,
                          bool spare) {
  switch (input.profile.launcher) {
    case LauncherKind::kSparkSubmit:
      return MakeSubmitCommand(input, request);
    case LauncherKind::kCommand:
      return MakeTemplateCommand(input, request);
    case LauncherKind::kLocal:
      break;
  }
  const bool use_archive = UsesArchive(input.profile) && CdsArchives::Exists(input.runtime);
  return spare ? MakeSpareCommand(input, request, use_archive)
               : MakeEngineCommand(input, request, use_archive);
}

}  // namespace

LocalLauncher::LocalLauncher(LauncherOptions options, std::vector<EngineProfile> profiles,
                             ProcessSpawner& spawner, LaunchThread& thread)
    : options_(std::move(options)),
      profiles_(std::make_shared<std::vector<EngineProfile>>(std::move(profiles))),
      spawner_(spawner),
      thread_(thread),
      folders_(options_.state_folder, options_.kept_folders),
      runtimes_(options_.engine_jar, options_.cache_folder, spawner),
      archives_(options_, spawner, thread),
      spares_(thread),
      remote_kills_(options_, folders_, runtimes_, spawner, thread) {}

std::shared_ptr<const EngineProfile> LocalLauncher::FindProfile(const std::string& name) const {
  const auto profiles = profiles_.Get();
  for (const EngineProfile& profile : *profiles) {
    if (profile.name == name) return {profiles, &profile};
  }
  return nullptr;
}

std::vector<std::shared_ptr<const EngineProfile>> LocalLauncher::ProfilesWithArchive() const {
  const auto profiles = profiles_.Get();
  std::vector<std::shared_ptr<const EngineProfile>> with_archive;
  for (const EngineProfile& profile : *profiles) {
    if (UsesArchive(profile)) with_archive.emplace_back(profiles, &profile);
  }
  return with_archive;
}

Result<void> LocalLauncher::Check() {
  const auto answer = Awaited<Result<void>>::Make();
  thread_.Post([this, answer] {
    auto checked = CheckProfiles(*profiles_.Get());
    if (checked) folders_.Sweep();
    answer->Set(std::move(checked));
  });
  const auto checked = answer->Wait(kCheckTimeout);
  if (!checked) return MakeError(Code::kDeadlineExceeded, "checking the profiles takes too long");
  return *checked;
}

Result<void> LocalLauncher::SetProfiles(std::vector<EngineProfile> profiles) {
  const auto answer = Awaited<Result<void>>::Make();
  const auto next = std::make_shared<const std::vector<EngineProfile>>(std::move(profiles));
  thread_.Post([this, next, answer] { answer->Set(CheckProfiles(*next)); });
  const auto checked = answer->Wait(kCheckTimeout);
  if (!checked) return MakeError(Code::kDeadlineExceeded, "checking the profiles takes too long");
  RETURN_IF_ERROR(*checked);
  profiles_.Set(next);
  return {};
}

Result<void> LocalLauncher::CheckProfiles(const std::vector<EngineProfile>& profiles) {
  RETURN_IF_ERROR_CONTEXT(MakeFolder(options_.state_folder, 0700), "engine.state_folder");
  RETURN_IF_ERROR_CONTEXT(MakeFolder(options_.cache_folder, 0700), "engine.cache_folder");
  for (const EngineProfile& profile : profiles) {
    RETURN_IF_ERROR(CheckProfile(profile));
    RETURN_IF_ERROR(CheckLauncherHere(profile, options_));
    RETURN_IF_ERROR(RuntimeOf(profile));
  }
  return {};
}

void LocalLauncher::EnsureArchive(const EngineProfile& profile, CdsArchives::Done done) {
  auto runtime = runtimes_.Find(profile);
  if (!runtime) return done(tl::unexpected(std::move(runtime).error()));
  archives_.Ensure(profile, *runtime, std::move(done));
}

Result<void> LocalLauncher::MakeArchives() {
  for (const auto& profile : ProfilesWithArchive()) {
    const auto answer = Awaited<Result<void>>::Make();
    thread_.Post([this, profile, answer] {
      EnsureArchive(*profile, [answer](Result<void> made) { answer->Set(std::move(made)); });
    });
    const auto made = answer->Wait(kCheckTimeout + options_.archive_timeout);
    if (!made)
      return MakeError(Code::kDeadlineExceeded, "making a class data archive takes too long");
    if (!*made) return *made;
  }
  return {};
}

void LocalLauncher::MakeArchivesInBackground() {
  for (const auto& profile : ProfilesWithArchive()) {
    thread_.Post([this, profile] {
      EnsureArchive(*profile, [](const Result<void>& made) {
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

void LocalLauncher::LaunchSpare(SpareRequest request, std::function<void(Result<int64_t>)> started,
                                std::function<void()> ready) {
  LaunchRequest launch;
  launch.id = std::move(request.id);
  launch.key.profile = std::move(request.profile);
  launch.secret = std::move(request.secret);
  thread_.Post([this, launch = std::move(launch), started = std::move(started),
                ready = std::move(ready)] { started(StartSpare(launch, ready)); });
}

Result<int64_t> LocalLauncher::StartSpare(const LaunchRequest& request,
                                          std::function<void()> ready) {
  ASSIGN_OR_RETURN(const UniqueFd input, spares_.Open(request.id, std::move(ready)));
  auto pid = Start(request, input.get());
  if (!pid) spares_.Close(request.id);
  return pid;
}

void LocalLauncher::BindSpare(LaunchRequest request, std::function<void(Result<void>)> bound) {
  thread_.Post([this, request = std::move(request), bound = std::move(bound)]() mutable {
    const auto profile = FindProfile(request.key.profile);
    if (profile != nullptr) {
      if (auto checked = CheckRequestedConf(*profile, request.spark_conf); !checked)
        return bound(std::move(checked));
      if (profile->spark_conf.count("spark.app.name") == 0)
        request.spark_conf.insert({"spark.app.name", "foxfire " + request.key.ToString()});
    }
    bound(spares_.Bind(request));
  });
}

Result<int64_t> LocalLauncher::Start(const LaunchRequest& request, int spare_input) {
  const auto profile = FindProfile(request.key.profile);
  if (profile == nullptr) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("there is no profile \"{0}\"; add [profile.{0}] to the config",
                                 request.key.profile));
  }
  RETURN_IF_ERROR(CheckRequestedConf(*profile, request.spark_conf));
  ASSIGN_OR_RETURN(SpawnedProcess process,
                   Spawn(request, ProfileFor(*profile, request), spare_input));
  const int64_t pid = process.pid;
  const bool stays = TakesSecretFile(*profile);
  {
    MutexLock lock(mutex_);
    known_[request.id] = {pid, request.secret, KnownTicks(pid), !stays, false};
  }
  thread_.Watch(std::move(process.pidfd),
                [this, id = request.id](ProcessEnd end) { Ended(id, end); });
  Log("launcher")
      .info("engine started engine={} key={} pid={}", request.id.str(), request.key.ToString(),
            pid);
  return stays ? pid : 0;
}

// A program of the operator's may need neither Spark nor Java on this machine.
Result<EngineRuntime> LocalLauncher::RuntimeOf(const EngineProfile& profile) {
  if (profile.launcher != LauncherKind::kCommand) return runtimes_.Find(profile);
  EngineRuntime runtime;
  runtime.spark_home = profile.spark_home;
  runtime.java.home = profile.java_home;
  return runtime;
}

Result<EngineFiles> LocalLauncher::MakeFiles(const LaunchRequest& request,
                                             const EngineProfile& profile,
                                             const OsUser* user) const {
  Secret digest;
  if (user != nullptr && !options_.zookeeper_digest_file.empty()) {
    ASSIGN_OR_RETURN(std::string text, ReadFile(options_.zookeeper_digest_file));
    digest = Secret(std::move(text));
  }
  return folders_.Create(request.id, TakesSecretFile(profile) ? request.secret : Secret(), user,
                         digest);
}

Result<SpawnedProcess> LocalLauncher::Spawn(const LaunchRequest& request,
                                            const EngineProfile& profile, int spare_input) {
  ASSIGN_OR_RETURN(const EngineRuntime runtime, RuntimeOf(profile));
  std::optional<OsUser> user;
  if (profile.run_as == RunAs::kOsUser) {
    ASSIGN_OR_RETURN(user, FindOsUser(request.run_as));
    if (profile.launcher == LauncherKind::kLocal) RETURN_IF_ERROR(OpenRuntimeToUsers(runtime));
  }
  const OsUser* const as = user ? &*user : nullptr;
  ASSIGN_OR_RETURN(const EngineFiles files, MakeFiles(request, profile, as));
  Cleanup discard([this, &request] { folders_.Discard(request.id); });
  const auto inherited = InheritedEnvironment();
  EngineCommand command =
      MakeCommand({profile, options_, runtime, files, inherited, as}, request, spare_input >= 0);
  ASSIGN_OR_RETURN(command.argv.front(),
                   FindProgram(command.argv.front(), command.environment["PATH"]));
  ASSIGN_OR_RETURN(const UniqueFd log, FillEngineFiles(files, command, as));
  ProcessSpec spec;
  spec.argv = std::move(command.argv);
  spec.environment = std::move(command.environment);
  spec.working_folder = files.work.string();
  if (user) spec.user = user->ids;
  spec.input_fd = spare_input;
  spec.output_fd = log.get();
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
  const auto is_it = HasArgumentWith(pid, EngineIdArgument(id));
  if ((!process && process.error().code != Code::kNotFound) || !is_it) {
    Log("launcher")
        .warn("engine {} is looked at again in a second: {}", id.str(),
              (process ? is_it.error() : process.error()).message);
    thread_.PostAfter(kAdoptRetry, [this, id, pid] { StartAdopting(id, pid); });
    return;
  }
  if (!process || !*is_it) return Ended(id, ProcessEnd{});
  {
    MutexLock lock(mutex_);
    Known& known = known_[id];
    known.pid = pid;
    known.start_ticks = KnownTicks(pid);
  }
  thread_.Watch(std::move(*process), [this, id](ProcessEnd end) { Ended(id, end); });
  Log("launcher").info("engine adopted engine={} pid={}", id.str(), pid);
}

void LocalLauncher::Ended(const EngineId& id, ProcessEnd end) {
  std::function<void(EngineExit)> listener;
  bool elsewhere = false;
  {
    MutexLock lock(mutex_);
    Known& known = known_[id];
    known.pid = 0;
    elsewhere = known.elsewhere = known.may_hand_over && end.succeeded();
    listener = listener_;
  }
  spares_.Close(id);
  if (elsewhere) {
    Log("launcher").info("engine handed over engine={}", id.str());
  } else {
    Log("launcher").info("engine ended engine={} how=\"{}\"", id.str(), end.ToString());
    if (listener) listener({id, end.ToString()});
  }
  CleanUp(id);
}

void LocalLauncher::CleanUp(const EngineId& id) {
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
  if (found->second.elsewhere) {
    return MakeError(Code::kNotFound,
                     fmt::format("engine {} has been handed over and runs elsewhere", id.str()));
  }
  if (pid == 0) return {};
  if (found->second.start_ticks) {
    // The pid may have gone to another process: then the engine has ended and OnExit is on its way.
    ASSIGN_OR_RETURN(const bool is_it, IsProcess(pid, *found->second.start_ticks));
    if (!is_it) return {};
  }
  auto killed = SignalGroup(pid, SIGKILL);
  if (!killed && killed.error().code != Code::kNotFound) return killed;
  return {};
}

void LocalLauncher::KillRemote(RemoteEngine engine, RemoteKills::Done done) {
  thread_.Post(
      [this, engine = std::move(engine), done = std::move(done)] { StartKilling(engine, done); });
}

void LocalLauncher::StartKilling(RemoteEngine engine, RemoteKills::Done done) {
  const auto profile = FindProfile(engine.key.profile);
  if (profile == nullptr) {
    return done(MakeError(
        Code::kFailedPrecondition,
        fmt::format("engine {} was started with profile \"{}\", which the config does not name any "
                    "more; add it again, or end the engine where it runs",
                    engine.id.str(), engine.key.profile)));
  }
  bool runs_here = false;
  {
    MutexLock lock(mutex_);
    const auto found = known_.find(engine.id);
    runs_here = found != known_.end() && found->second.pid != 0;
  }
  if (runs_here) {
    // Its submission must not go on; where there is no more to it than the process, that is all.
    auto killed = Kill(engine.id);
    const bool is_all = TakesSecretFile(*profile) || (profile->launcher == LauncherKind::kCommand &&
                                                      profile->kill_command.empty());
    if (!killed) return done(tl::unexpected(std::move(killed).error()));
    if (is_all) return done(RemoteEnd::kEnded);
  }
  const EngineProfile own = WithOverrides(*profile, engine.overrides);
  remote_kills_.Kill(own, std::move(engine), std::move(done));
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
