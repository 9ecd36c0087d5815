#include "engine_launcher/command_output.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "common/units.h"
#include "engine_launcher/process_info.h"

namespace foxfire::launcher {
namespace {

// False if the process still runs at the deadline.
bool AwaitEnd(const UniqueFd& pidfd, Duration timeout) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left = deadline - std::chrono::steady_clock::now();
    const auto millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    pollfd waiting{pidfd.get(), POLLIN, 0};
    const int ready = poll(&waiting, 1, millis > 0 ? static_cast<int>(millis) : 0);
    if (ready > 0) return true;
    if (ready == 0 && millis <= 0) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Result<std::string> ReadFromStart(int fd) {
  std::string text;
  std::array<char, 4096> part{};
  off_t offset = 0;
  for (;;) {
    const ssize_t got = pread(fd, part.data(), part.size(), offset);
    if (got < 0) return tl::unexpected(ErrnoError(errno, "reading a command's output"));
    if (got == 0) return text;
    text.append(part.data(), static_cast<size_t>(got));
    offset += got;
  }
}

}  // namespace

Result<CommandOutput> RunCommand(ProcessSpawner& spawner, ProcessSpec spec, Duration timeout) {
  // A file in memory, unlike a pipe, cannot fill up while nobody reads.
  const UniqueFd output(memfd_create("command-output", MFD_CLOEXEC));
  if (!output.valid()) return tl::unexpected(ErrnoError(errno, "running " + spec.argv[0]));
  spec.output_fd = output.get();
  ASSIGN_OR_RETURN(SpawnedProcess process, spawner.Spawn(spec));
  if (!AwaitEnd(process.pidfd, timeout)) {
    [[maybe_unused]] const auto killed = SignalGroup(process.pid, SIGKILL);
    AwaitEnd(process.pidfd, std::chrono::seconds(5));
    spawner.Reap(process.pidfd);
    return MakeError(Code::kDeadlineExceeded, fmt::format("{} did not end within {}", spec.argv[0],
                                                          FormatDuration(timeout)));
  }
  const ProcessEnd end = spawner.Reap(process.pidfd);
  ASSIGN_OR_RETURN(std::string text, ReadFromStart(output.get()));
  return CommandOutput{end, std::move(text)};
}

}  // namespace foxfire::launcher
