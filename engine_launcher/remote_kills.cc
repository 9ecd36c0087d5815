#include "engine_launcher/remote_kills.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/units.h"
#include "engine_launcher/kill_command.h"
#include "engine_launcher/log_tail.h"
#include "engine_launcher/process_info.h"

namespace foxfire::launcher {
namespace {

constexpr size_t kLogLines = 20;
constexpr uint64_t kLogBytes = 1U << 20;

// Begins anew with each attempt: the error shows what the last one said.
Result<UniqueFd> OpenLog(const Path& path) {
  UniqueFd log(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (!log.valid()) return tl::unexpected(ErrnoError(errno, "creating " + path.string()));
  return log;
}

}  // namespace

struct RemoteKills::Command {
  EngineProfile profile;
  RemoteEngine engine;
  Done done;
  EngineFiles files;
  std::vector<std::string> argv;
  TimerId deadline = 0;
  bool timed_out = false;
};

RemoteKills::RemoteKills(const LauncherOptions& options, const EngineFolders& folders,
                         EngineRuntimes& runtimes, ProcessSpawner& spawner, LaunchThread& thread)
    : options_(options),
      folders_(folders),
      runtimes_(runtimes),
      spawner_(spawner),
      thread_(thread) {}

RemoteKills::~RemoteKills() = default;

void RemoteKills::Kill(const EngineProfile& profile, RemoteEngine engine, Done done) {
  const auto command = std::make_shared<Command>();
  command->profile = profile;
  command->engine = std::move(engine);
  command->done = std::move(done);
  waiting_.push_back(command);
  StartNext();
}

void RemoteKills::StartNext() {
  while (running_ < kAtOnce && !waiting_.empty()) {
    const std::shared_ptr<Command> command = std::move(waiting_.front());
    waiting_.pop_front();
    if (auto started = Start(command); !started)
      command->done(tl::unexpected(std::move(started).error()));
  }
}

Result<ProcessSpec> RemoteKills::MakeSpec(const EngineProfile& profile, RemoteEngine engine,
                                          const EngineFiles& files) {
  const auto inherited = InheritedEnvironment();
  EngineRuntime runtime;
  if (profile.launcher != LauncherKind::kCommand) {
    ASSIGN_OR_RETURN(runtime, runtimes_.Find(profile));
  } else {
    runtime.spark_home = profile.spark_home;
    runtime.java.home = profile.java_home;
  }
  if (engine.submission_id.empty()) {
    // What this gateway's own submission said, if it was this gateway's.
    if (const auto log = ReadFileTail(files.log, kLogBytes))
      engine.submission_id = SubmissionIdIn(*log);
  }
  OsUser user;
  const bool as_user = profile.run_as == RunAs::kOsUser;
  if (as_user) {
    ASSIGN_OR_RETURN(user, FindOsUser(engine.run_as));
  }
  ASSIGN_OR_RETURN(EngineCommand command, MakeKillCommand({profile, options_, runtime, files,
                                                           inherited, as_user ? &user : nullptr},
                                                          engine));
  ProcessSpec spec;
  const std::string path = command.environment["PATH"];
  spec.argv = std::move(command.argv);
  auto program = FindProgram(spec.argv.front(), path);
  if (!program) {
    return MakeError(Code::kAborted,
                     fmt::format("{}; it is what ends engines of profile.{}; install it",
                                 program.error().message, profile.name));
  }
  spec.argv.front() = *std::move(program);
  spec.environment = std::move(command.environment);
  spec.working_folder = "/";
  if (as_user) spec.user = user.ids;
  return spec;
}

Result<void> RemoteKills::Start(const std::shared_ptr<Command>& command) {
  if (!IsUuid(command->engine.id.str())) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("\"{}\" is no engine id", command->engine.id.str()));
  }
  command->files = folders_.FilesOf(command->engine.id);
  ASSIGN_OR_RETURN(ProcessSpec spec, MakeSpec(command->profile, command->engine, command->files));
  RETURN_IF_ERROR(MakeFolder(command->files.folder, 0700));
  ASSIGN_OR_RETURN(const UniqueFd log, OpenLog(command->files.kill_log));
  spec.output_fd = log.get();
  command->argv = spec.argv;
  ASSIGN_OR_RETURN(SpawnedProcess process, spawner_.Spawn(spec));
  ++running_;
  Log("launcher")
      .info("ending an engine by command engine={} profile={} pid={}", command->engine.id.str(),
            command->profile.name, process.pid);
  command->deadline = thread_.PostAfter(kTimeout, [command, pid = process.pid] {
    command->timed_out = true;
    [[maybe_unused]] const auto killed = SignalGroup(pid, SIGKILL);
  });
  thread_.Watch(std::move(process.pidfd), [this, command](ProcessEnd end) { Ended(command, end); });
  return {};
}

void RemoteKills::Ended(const std::shared_ptr<Command>& command, ProcessEnd end) {
  thread_.Cancel(command->deadline);
  --running_;
  command->done(Outcome(*command, end));
  StartNext();
}

Result<RemoteEnd> RemoteKills::Outcome(const Command& command, ProcessEnd end) const {
  const auto tail = LogTail(command.files.kill_log, kLogLines, {});
  if (tail && !command.timed_out && SaysNotFound(command.profile, *tail))
    return RemoteEnd::kNotFound;
  if (end.succeeded()) return RemoteEnd::kEnded;
  const std::string how =
      command.timed_out ? "did not end within " + FormatDuration(kTimeout) : end.ToString();
  return MakeError(
      command.timed_out ? Code::kDeadlineExceeded : Code::kAborted,
      fmt::format("ending engine {} by \"{} {}…\": {}. The end of what it printed:\n{}",
                  command.engine.id.str(), command.argv.front(),
                  command.argv.size() > 1 ? command.argv[1] : "", how,
                  tail ? *tail : tail.error().message));
}

}  // namespace foxfire::launcher
