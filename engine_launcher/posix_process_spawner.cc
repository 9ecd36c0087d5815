#include "engine_launcher/posix_process_spawner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "engine_launcher/process_info.h"

namespace foxfire::launcher {
namespace {

// What the child did when it failed; goes through the pipe with errno.
enum class Step : int { kSession, kOutput, kUser, kFolder, kExec };

struct Failure {
  Step step;
  int error;
};

// All that the child needs, made before the fork.
struct Prepared {
  std::vector<char*> argv;
  std::vector<char*> environment;
  const char* working_folder = nullptr;
  int input_fd = -1;
  int output_fd = -1;
  int failure_fd = -1;
  int nice = 0;
  const ProcessUser* user = nullptr;
};

void ResetSignals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void GiveUp(const Prepared& prepared, Step step) {
  const Failure failure{step, errno};
  // Nothing is left to do if even this fails: the parent then sees an early end.
  [[maybe_unused]] const ssize_t written = write(prepared.failure_fd, &failure, sizeof failure);
  _exit(127);
}

// By number: the C library's functions want to tell all threads, of which the child has one. The
// groups go first, for the user that comes last may not change them.
bool BecomeUser(const ProcessUser& user) {
  return syscall(SYS_setgroups, user.groups.size(), user.groups.data()) == 0 &&
         syscall(SYS_setresgid, user.gid, user.gid, user.gid) == 0 &&
         syscall(SYS_setresuid, user.uid, user.uid, user.uid) == 0;
}

// Runs in the child. Async-signal-safe calls only.
[[noreturn]] void RunChild(const Prepared& prepared) {
  ResetSignals();
  if (setsid() < 0) GiveUp(prepared, Step::kSession);
  if (dup2(prepared.input_fd, 0) < 0 || dup2(prepared.output_fd, 1) < 0 ||
      dup2(prepared.output_fd, 2) < 0) {
    GiveUp(prepared, Step::kOutput);
  }
  // For descriptors that some library opened without O_CLOEXEC; the failure pipe still has to work.
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  // A priority that cannot be lowered is no reason not to run.
  if (prepared.nice != 0) setpriority(PRIO_PROCESS, 0, prepared.nice);
  if (prepared.user != nullptr && !BecomeUser(*prepared.user)) GiveUp(prepared, Step::kUser);
  if (prepared.working_folder != nullptr && chdir(prepared.working_folder) != 0)
    GiveUp(prepared, Step::kFolder);
  umask(077);
  execve(prepared.argv[0], prepared.argv.data(), prepared.environment.data());
  GiveUp(prepared, Step::kExec);
}

std::string Doing(Step step, const ProcessSpec& spec) {
  switch (step) {
    case Step::kSession:
      return "making a session for " + spec.argv[0];
    case Step::kOutput:
      return "redirecting the output of " + spec.argv[0];
    case Step::kUser:
      return fmt::format("becoming user {} for {}", spec.user ? spec.user->uid : 0, spec.argv[0]);
    case Step::kFolder:
      return "entering " + spec.working_folder;
    case Step::kExec:
      break;
  }
  return "exec " + spec.argv[0];
}

// A copy of `fd` above 2, so that the child's dup2 calls cannot overwrite it.
UniqueFd AboveStandard(int fd) { return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// fork with all signals blocked, so that no handler of this process runs in the child.
pid_t Fork(const Prepared& prepared) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) RunChild(prepared);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

// Blocks until the child has called exec (the pipe closes by itself) or failed.
Result<void> AwaitExec(int failure_fd, const ProcessSpec& spec) {
  Failure failure{};
  ssize_t got = 0;
  do {
    got = read(failure_fd, &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return {};
  if (got != sizeof failure) return tl::unexpected(ErrnoError(errno, "starting " + spec.argv[0]));
  return tl::unexpected(ErrnoError(failure.error, Doing(failure.step, spec)));
}

void ReapByPid(pid_t pid) {
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

std::string ProcessEnd::ToString() const {
  switch (kind) {
    case Kind::kExited:
      return fmt::format("exit status {}", value);
    case Kind::kSignalled:
      return fmt::format("signal {}", value);
    case Kind::kUnknown:
      break;
  }
  return "exit status unknown";
}

Result<SpawnedProcess> PosixProcessSpawner::Spawn(const ProcessSpec& spec) {
  if (spec.argv.empty()) return MakeError(Code::kInvalidArgument, "no program to start");
  std::vector<std::string> argv = spec.argv;
  std::vector<std::string> environment;
  for (const auto& [name, value] : spec.environment)
    environment.push_back(fmt::format("{}={}", name, value));

  const UniqueFd null_file(open("/dev/null", O_RDWR | O_CLOEXEC));
  const UniqueFd input = AboveStandard(spec.input_fd >= 0 ? spec.input_fd : null_file.get());
  const UniqueFd output = AboveStandard(spec.output_fd >= 0 ? spec.output_fd : null_file.get());
  std::array<int, 2> ends{};
  if (!input.valid() || !output.valid() || pipe2(ends.data(), O_CLOEXEC) != 0)
    return tl::unexpected(ErrnoError(errno, "starting " + spec.argv[0]));
  const UniqueFd failure_in(ends[0]);
  UniqueFd failure_out(ends[1]);
  failure_out = AboveStandard(failure_out.get());

  Prepared prepared;
  prepared.argv = Pointers(argv);
  prepared.environment = Pointers(environment);
  prepared.working_folder = spec.working_folder.empty() ? nullptr : spec.working_folder.c_str();
  prepared.input_fd = input.get();
  prepared.output_fd = output.get();
  prepared.failure_fd = failure_out.get();
  prepared.nice = spec.nice;
  prepared.user = spec.user ? &*spec.user : nullptr;

  const pid_t pid = Fork(prepared);
  if (pid < 0) return tl::unexpected(ErrnoError(errno, "fork for " + spec.argv[0]));
  failure_out.Reset();
  if (auto running = AwaitExec(failure_in.get(), spec); !running) {
    ReapByPid(pid);
    return tl::unexpected(std::move(running).error());
  }
  // The child is not reaped yet, so the pid cannot be another process's.
  auto pidfd = OpenProcess(pid);
  if (!pidfd) {
    kill(-pid, SIGKILL);
    ReapByPid(pid);
    return tl::unexpected(std::move(pidfd).error());
  }
  return SpawnedProcess{pid, *std::move(pidfd)};
}

ProcessEnd PosixProcessSpawner::Reap(const UniqueFd& pidfd) {
  siginfo_t info{};
  int done = 0;
  do {
    done = waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG);
  } while (done != 0 && errno == EINTR);
  if (done != 0 || info.si_pid == 0) return {};
  if (info.si_code == CLD_EXITED) return {ProcessEnd::Kind::kExited, info.si_status};
  return {ProcessEnd::Kind::kSignalled, info.si_status};
}

}  // namespace foxfire::launcher
