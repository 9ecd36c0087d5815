#include "tests/fake_engine/java_stand_in.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "common/unique_fd.h"
#include "tests/fake_engine/fake_engine.h"

namespace foxfire::fake {
namespace {

bool Has(const std::vector<std::string>& arguments, const std::string& wanted) {
  return std::find(arguments.begin(), arguments.end(), wanted) != arguments.end();
}

int Fail(const std::string& what, int status) {
  fmt::print("foxfire-engine: FAILED: {}\n", what);
  return status;
}

int PrintVersion() {
  fmt::print(
      "Property settings:\n    java.home = /fake/java\n    java.specification.version = 17\n"
      "    java.vm.version = 17.0.0-fake\n\nopenjdk version \"17.0.0-fake\"\n");
  return 0;
}

void AwaitFile(const std::filesystem::path& path) {
  const UniqueFd watch(inotify_init1(IN_CLOEXEC));
  inotify_add_watch(watch.get(), path.parent_path().c_str(), IN_CREATE | IN_MOVED_TO);
  char events[4096];
  while (!std::filesystem::exists(path) && read(watch.get(), events, sizeof(events)) > 0) {
  }
}

void PrintLog(std::string text, const Secret& secret) {
  constexpr std::string_view kPlace = "{secret}";
  for (size_t at = text.find(kPlace); at != std::string::npos; at = text.find(kPlace))
    text.replace(at, kPlace.size(), secret.Reveal());
  fmt::print("{}", text);
  std::fflush(stdout);
}

int Launch(const std::string& properties) {
  auto options = ReadEngineProperties(properties);
  if (!options) return Fail(options.error().message, 1);
  const auto script = ReadLaunchScript();
  if (!script) return Fail("FOXFIRE_FAKE_LAUNCH: " + script.error().message, 1);
  if (options->train) return 0;
  fmt::print("foxfire-engine: starting id={}\n", options->engine_id);
  std::fflush(stdout);
  if (!script->count_file.empty())
    std::ofstream(script->count_file, std::ios::app) << options->engine_id << '\n';
  if (!script->wait_for_file.empty() && !script->waits_listening) AwaitFile(script->wait_for_file);
  PrintLog(script->log, options->secret);
  if (options->spare) {
    const auto owned = AwaitOwner(*options);
    if (!owned) return Fail(owned.error().message, 1);
    if (!*owned) return 0;
  }
  if (!script->failure.empty()) return Fail(script->failure, script->exit_status);
  return RunEngine(*options, *script);
}

}  // namespace

int RunAsJava(const std::vector<std::string>& arguments) {
  if (Has(arguments, "-version")) return PrintVersion();
  if (Has(arguments, "foxfire.engine.ModuleOptions")) return 0;
  if (arguments.size() >= 2 && arguments[arguments.size() - 2] == "foxfire.engine.EngineMain")
    return Launch(arguments.back());
  return Fail("the fake engine cannot run this in the place of java", 1);
}

}  // namespace foxfire::fake
