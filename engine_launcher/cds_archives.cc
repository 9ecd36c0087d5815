#include "engine_launcher/cds_archives.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <system_error>
#include <utility>
#include <vector>

#include "common/encoding.h"
#include "common/log.h"
#include "common/random.h"
#include "common/units.h"
#include "engine_launcher/engine_folders.h"
#include "engine_launcher/log_tail.h"
#include "engine_launcher/process_info.h"

namespace foxfire::launcher {
namespace {

constexpr int kNice = 10;  // users' queries go first
constexpr size_t kLogLines = 10;
constexpr const char* kFolderPrefix = "training-";

void RemoveAll(const Path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) Log("launcher").warn("removing {}: {}", path.string(), error.message());
}

// What of `folder` passes `test`.
template <typename Test>
std::vector<Path> Entries(const Path& folder, Test test) {
  std::vector<Path> found;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (test(entries->path())) found.push_back(entries->path());
  }
  return found;
}

}  // namespace

struct CdsArchives::Training {
  EngineProfile profile;
  EngineRuntime runtime;
  Done done;
  EngineId id;
  EngineFiles files;
  Secret secret;
  int64_t pid = 0;
  TimerId deadline = 0;

  Path archive() const { return files.folder / "archive.jsa"; }
};

CdsArchives::CdsArchives(const LauncherOptions& options, ProcessSpawner& spawner,
                         LaunchThread& thread)
    : options_(options), spawner_(spawner), thread_(thread) {}

CdsArchives::~CdsArchives() {
  if (!running_) return;
  // Nobody is left to keep its archive.
  [[maybe_unused]] const auto killed = SignalGroup(queue_.front()->pid, SIGKILL);
  RemoveAll(queue_.front()->files.folder);
}

bool CdsArchives::Exists(const EngineRuntime& runtime) {
  std::error_code error;
  return std::filesystem::is_regular_file(runtime.archive, error);
}

void CdsArchives::Ensure(const EngineProfile& profile, const EngineRuntime& runtime, Done done) {
  auto training = std::make_unique<Training>();
  training->profile = profile;
  training->runtime = runtime;
  training->done = std::move(done);
  queue_.push_back(std::move(training));
  if (!running_) StartNext();
}

// Answers come last: whoever gets one may be waiting for it to destroy this.
void CdsArchives::StartNext() {
  std::vector<std::function<void()>> answers;
  while (!running_ && !queue_.empty()) {
    Training& training = *queue_.front();
    // Another profile of the same Spark home may have made it meanwhile.
    auto outcome = Exists(training.runtime) ? Result<void>() : Start(training);
    if (running_) break;
    const auto finished = std::move(queue_.front());
    queue_.pop_front();
    if (!outcome) RemoveAll(finished->files.folder);
    answers.push_back([done = std::move(finished->done), outcome] { done(outcome); });
  }
  for (const auto& answer : answers) answer();
}

Result<void> CdsArchives::Start(Training& training) {
  if (!training.runtime.can_archive) {
    return MakeError(Code::kFailedPrecondition,
                     fmt::format("profile.{}.class_path holds a folder that is not empty, which "
                                 "the JVM does not archive; put it into a jar",
                                 training.profile.name));
  }
  RemoveAbandoned();
  training.id = EngineId(NewUuid());
  training.secret = Secret(Base64UrlEncode(RandomBytes<32>()));
  training.files =
      EngineFilesIn(training.runtime.archive.parent_path() / (kFolderPrefix + training.id.str()));
  RETURN_IF_ERROR(CreateEngineFiles(training.files, training.secret));

  const auto inherited = InheritedEnvironment();
  EngineCommand command =
      MakeTrainingCommand({training.profile, options_, training.runtime, training.files, inherited},
                          training.id, training.archive());
  ASSIGN_OR_RETURN(const UniqueFd log, FillEngineFiles(training.files, command));
  ProcessSpec spec;
  spec.argv = std::move(command.argv);
  spec.environment = std::move(command.environment);
  spec.working_folder = training.files.folder.string();
  spec.output_fd = log.get();
  spec.nice = kNice;
  ASSIGN_OR_RETURN(SpawnedProcess process, spawner_.Spawn(spec));
  training.pid = process.pid;
  running_ = true;
  Log("launcher")
      .info("making a class data archive profile={} pid={}", training.profile.name, process.pid);
  training.deadline = thread_.PostAfter(options_.archive_timeout, [pid = process.pid] {
    Log("launcher").warn("ending a training run that takes too long pid={}", pid);
    [[maybe_unused]] const auto killed = SignalGroup(pid, SIGKILL);
  });
  thread_.Watch(std::move(process.pidfd), [this](ProcessEnd end) { Ended(end); });
  return {};
}

void CdsArchives::Ended(ProcessEnd end) {
  const auto training = std::move(queue_.front());
  queue_.pop_front();
  running_ = false;
  thread_.Cancel(training->deadline);
  auto outcome = Keep(*training, end);
  RemoveAll(training->files.folder);
  StartNext();
  training->done(std::move(outcome));
}

Result<void> CdsArchives::Keep(const Training& training, ProcessEnd end) const {
  std::error_code error;
  if (!end.succeeded() || !std::filesystem::is_regular_file(training.archive(), error)) {
    const auto tail = LogTail(training.files.log, kLogLines, {training.secret});
    return MakeError(
        Code::kFailedPrecondition,
        fmt::format("the training run for the class data archive of profile.{} left no archive "
                    "({}); engines start without, only slower. The end of its log:\n{}",
                    training.profile.name, end.ToString(), tail ? *tail : tail.error().message));
  }
  std::filesystem::rename(training.archive(), training.runtime.archive, error);
  if (error) {
    return MakeError(
        Code::kInternal,
        fmt::format("writing {}: {}", training.runtime.archive.string(), error.message()));
  }
  RemoveOthers(training.runtime);
  return {};
}

void CdsArchives::RemoveOthers(const EngineRuntime& runtime) const {
  const auto outdated = Entries(runtime.archive.parent_path(), [&runtime](const Path& path) {
    return path.filename().string().starts_with(runtime.place + '-') && path != runtime.archive &&
           path != runtime.argument_file;
  });
  for (const Path& path : outdated) RemoveAll(path);
}

void CdsArchives::RemoveAbandoned() const {
  // Of a gateway that ended in the middle: twice the time that a run may take is over.
  const auto limit = std::chrono::duration_cast<std::filesystem::file_time_type::duration>(
      2 * options_.archive_timeout);
  const auto now = std::filesystem::file_time_type::clock::now();
  const auto abandoned = Entries(options_.cache_folder, [&](const Path& path) {
    std::error_code error;
    const auto changed = std::filesystem::last_write_time(path, error);
    return path.filename().string().starts_with(kFolderPrefix) && !error && now - changed > limit;
  });
  for (const Path& path : abandoned) RemoveAll(path);
}

}  // namespace foxfire::launcher
