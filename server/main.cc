// foxfired: reads its arguments and its configuration, runs a Gateway until it is told to end.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "common/files.h"
#include "common/log.h"
#include "server/config/config_loader.h"
#include "server/config/config_validate.h"
#include "server/gateway.h"
#include "server/version.h"

namespace foxfire::server {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

int Fail(const std::string& message) {
  std::fprintf(stderr, "foxfired: %s\n", message.c_str());
  return kFailed;
}

int FailAll(const ConfigErrors& errors) {
  std::fputs(ToString(errors).c_str(), stderr);
  return kUsage;
}

// Every connection is a descriptor; the soft limit is often 1024 while the hard one is plenty.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Blocked in every thread, so that only sigwait sees them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

// Returns the signal that ends foxfired; SIGHUP makes it read its file again.
int AwaitEnd(const sigset_t& signals, const Path& file, Gateway& gateway) {
  for (;;) {
    int signal_number = 0;
    sigwait(&signals, &signal_number);
    if (signal_number != SIGHUP) return signal_number;
    gateway.Reload(file);
  }
}

int Serve(const Config& config, const Path& file) {
  const sigset_t signals = BlockSignals();
  RaiseFileLimit();
  Gateway gateway(config);
  if (const auto started = gateway.Start(); !started) return Fail(started.error().message);
  if (!config.server.pid_file.empty()) {
    const auto written =
        WriteFileAtomically(config.server.pid_file, std::to_string(getpid()) + "\n", 0644);
    if (!written) return Fail("server.pid_file: " + written.error().message);
  }
  Log("gateway").info("serving: {}", gateway.Addresses());
  Log("gateway").info("ending on signal {}", AwaitEnd(signals, file, gateway));
  gateway.Stop();
  if (!config.server.pid_file.empty()) unlink(config.server.pid_file.c_str());
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("foxfired: a multi-tenant session server for Spark Connect");
  app.set_version_flag("--version", std::string("foxfired ") + kVersion);
  std::string file;
  bool check = false;
  bool prepare = false;
  app.add_option("--config", file, "The configuration file, see conf/foxfire.toml")->required();
  app.add_flag("--check-config", check, "Only read and check it; print what is in force");
  app.add_flag("--prepare", prepare, "Only make what makes launches fast (class data archives)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  const auto loaded = LoadConfig(file, CurrentLoadContext());
  if (!loaded) return FailAll(loaded.error());
  if (const ConfigErrors errors = ValidateConfig(*loaded); !errors.empty()) return FailAll(errors);
  const Config& config = loaded->config;
  if (check) {
    std::printf("%s", DescribeEffectiveConfig(config).c_str());
    return 0;
  }
  if (const auto logging =
          InitLogging({config.log.level, config.log.file.string(), config.log.json});
      !logging) {
    return Fail("log: " + logging.error().message);
  }
  if (!prepare) return Serve(config, file);
  const auto prepared = Gateway(config).Prepare();
  return prepared ? 0 : Fail(prepared.error().message);
}

}  // namespace
}  // namespace foxfire::server

int main(int argc, char** argv) { return foxfire::server::Main(argc, argv); }
