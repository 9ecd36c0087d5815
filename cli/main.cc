#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "cli/app.h"

namespace {

// Of the terminal that standard output is; not set for a file or a pipe.
std::optional<size_t> TerminalWidth() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
      size.ws_col == 0) {
    return std::nullopt;
  }
  return size.ws_col;
}

std::optional<std::string> Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

int main(int argc, char** argv) {
  using foxfire::cli::ExitCode;
  try {
    const foxfire::cli::World world{std::cout, std::cerr, TerminalWidth(),
                                    std::chrono::system_clock::now(), Variable};
    return static_cast<int>(foxfire::cli::Run({argv + 1, argv + argc}, world));
  } catch (const std::exception& failure) {
    std::cerr << "foxfire: " << failure.what() << "\n";
    return static_cast<int>(ExitCode::kFailed);
  }
}
