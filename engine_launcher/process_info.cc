#include "engine_launcher/process_info.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <limits>
#include <string_view>

namespace foxfire::launcher {
namespace {

// Files of /proc have no size to go by.
Result<std::string> ReadProc(int64_t pid, std::string_view name) {
  const auto gone = [pid] {
    return MakeError(Code::kNotFound, fmt::format("there is no process {}", pid));
  };
  if (pid <= 0) return gone();
  const UniqueFd fd(open(fmt::format("/proc/{}/{}", pid, name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == EMFILE || errno == ENFILE)
      return tl::unexpected(ErrnoError(errno, fmt::format("looking at process {}", pid)));
    return gone();
  }
  std::string text;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t got = read(fd.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return gone();
    if (got == 0) return text;
    text.append(part.data(), static_cast<size_t>(got));
  }
}

// The number in the field `index`, fields being separated by single blanks.
std::optional<uint64_t> NumberAt(std::string_view text, int index) {
  for (; index > 0; --index) {
    const size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    text.remove_prefix(blank + 1);
  }
  uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() ? std::optional(value) : std::nullopt;
}

}  // namespace

namespace {

std::vector<std::string> WordsOf(std::string_view rest) {
  std::vector<std::string> words;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\0'), rest.size());
    words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return words;
}

}  // namespace

std::optional<std::vector<std::string>> CommandLine(int64_t pid) {
  const auto text = ReadProc(pid, "cmdline");
  if (!text) return std::nullopt;
  return WordsOf(*text);
}

bool HasArgument(int64_t pid, const std::string& argument) {
  const auto words = CommandLine(pid);
  return words && std::find(words->begin(), words->end(), argument) != words->end();
}

Result<bool> HasArgumentWith(int64_t pid, std::string_view part) {
  const auto text = ReadProc(pid, "cmdline");
  if (!text && text.error().code == Code::kNotFound) return false;
  if (!text) return tl::unexpected(text.error());
  const auto words = WordsOf(*text);
  return std::any_of(words.begin(), words.end(), [part](const std::string& word) {
    return word.find(part) != std::string::npos;
  });
}

Result<uint64_t> StartTicks(int64_t pid) {
  ASSIGN_OR_RETURN(const std::string text, ReadProc(pid, "stat"));
  // The program's name, field 2, may hold blanks and brackets; the start is field 22.
  const size_t bracket = text.rfind(')');
  const auto ticks = bracket == std::string::npos || bracket + 2 > text.size()
                         ? std::nullopt
                         : NumberAt(std::string_view(text).substr(bracket + 2), 22 - 3);
  if (!ticks) return MakeError(Code::kNotFound, fmt::format("process {} has ended", pid));
  return *ticks;
}

Result<bool> IsProcess(int64_t pid, uint64_t start_ticks) {
  const auto ticks = StartTicks(pid);
  if (!ticks && ticks.error().code != Code::kNotFound) return tl::unexpected(ticks.error());
  return ticks == start_ticks;
}

std::optional<uint64_t> ResidentBytes(int64_t pid) {
  const auto text = ReadProc(pid, "statm");
  const auto pages = text ? NumberAt(*text, 1) : std::nullopt;
  if (!pages) return std::nullopt;
  return *pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

Result<UniqueFd> OpenProcess(int64_t pid) {
  if (pid <= 0 || pid > std::numeric_limits<pid_t>::max())
    return MakeError(Code::kNotFound, fmt::format("there is no process {}", pid));
  // By number: the C library's header (2.36) forgets to declare its function as one of C.
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0)));
  if (!pidfd.valid()) {
    // EINVAL: before Linux 6.15 for the id of a thread, or of a process whose group lives on.
    if (errno == ESRCH || errno == EINVAL)
      return MakeError(Code::kNotFound, fmt::format("process {} has ended", pid));
    return tl::unexpected(ErrnoError(errno, fmt::format("watching process {}", pid)));
  }
  return pidfd;
}

Result<void> SignalGroup(int64_t pid, int signal) {
  // kill() takes 0 and 1 for "my group" and, negated, "everybody".
  if (pid <= 1 || pid > std::numeric_limits<pid_t>::max())
    return MakeError(Code::kNotFound, fmt::format("there is no process {}", pid));
  const auto target = static_cast<pid_t>(pid);
  if (kill(getpgid(target) == target ? -target : target, signal) == 0) return {};
  if (errno == ESRCH) return MakeError(Code::kNotFound, fmt::format("process {} has ended", pid));
  return tl::unexpected(ErrnoError(errno, fmt::format("sending a signal to process {}", pid)));
}

}  // namespace foxfire::launcher
