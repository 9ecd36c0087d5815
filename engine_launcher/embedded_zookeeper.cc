#include "engine_launcher/embedded_zookeeper.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <sstream>
#include <system_error>
#include <utility>

#include "common/log.h"
#include "common/units.h"
#include "engine_launcher/awaited.h"
#include "engine_launcher/engine_command.h"
#include "engine_launcher/java_properties.h"
#include "engine_launcher/java_runtime.h"
#include "engine_launcher/log_tail.h"
#include "engine_launcher/process_info.h"
#include "engine_launcher/spark_home.h"
#include "engine_launcher/zookeeper_probe.h"

namespace foxfire::launcher {
namespace {

constexpr Duration kProbeInterval = std::chrono::milliseconds(50);
constexpr Duration kProbeTimeout = std::chrono::milliseconds(500);
constexpr size_t kLogLines = 30;  // a stack trace of ZooKeeper, and what is above it

// What a ZooKeeper server needs of Spark's jars, and Log4j for its log. With all of them it starts
// half a second later and takes twice the memory.
std::string ServerClassPath(const SparkHome& home) {
  std::string class_path;
  for (const Path& jar : home.JarsNamed(
           {"zookeeper-", "netty-", "slf4j-api-", "metrics-core-", "snappy-java-", "commons-cli-",
            "commons-io-", "commons-lang", "log4j-api-", "log4j-core-", "log4j-slf4j2-impl-"})) {
    class_path += (class_path.empty() ? "" : ":") + jar.string();
  }
  return class_path;
}

std::string ServerConfig(const Path& folder, uint16_t port) {
  return JavaProperties({
      {"tickTime", "2000"},
      {"dataDir", (folder / "data").string()},
      {"clientPort", std::to_string(port)},
      {"clientPortAddress", "127.0.0.1"},
      {"maxClientCnxns", "0"},          // all engines share one address; the default is 60
      {"maxSessionTimeout", "600000"},  // the default of 40 s would silently shorten ours
      {"admin.enableServer", "false"},  // else a web server on port 8080
      {"4lw.commands.whitelist", "srvr,ruok"},
      {"autopurge.snapRetainCount", "3"},
      {"autopurge.purgeInterval", "24"},
  });
}

}  // namespace

EmbeddedZooKeeper::EmbeddedZooKeeper(EmbeddedZooKeeperOptions options, ProcessSpawner& spawner,
                                     LaunchThread& thread)
    : options_(std::move(options)),
      folder_([this] {
        std::error_code error;
        return std::filesystem::absolute(options_.folder, error).lexically_normal();
      }()),
      spawner_(spawner),
      thread_(thread),
      restart_delay_(options_.restart_delay_min) {}

std::string EmbeddedZooKeeper::connect() const {
  return fmt::format("127.0.0.1:{}", options_.port);
}

int64_t EmbeddedZooKeeper::pid() const {
  MutexLock lock(mutex_);
  return pid_;
}

std::string EmbeddedZooKeeper::FolderArgument() const {
  return "-Dfoxfire.zookeeper.folder=" + folder_.string();
}

std::string EmbeddedZooKeeper::PortArgument() const {
  return fmt::format("-Dfoxfire.zookeeper.port={}", options_.port);
}

Result<void> EmbeddedZooKeeper::Start() {
  const auto answer = Awaited<Result<void>>::Make();
  thread_.Post([this, answer] {
    Begin([answer](Result<void> started) { answer->Set(std::move(started)); });
  });
  const auto started = answer->Wait(options_.start_timeout + kProbeTimeout + kProbeTimeout);
  if (!started) return MakeError(Code::kDeadlineExceeded, "starting ZooKeeper takes too long");
  return *started;
}

void EmbeddedZooKeeper::Begin(Done done) {
  start_waiter_ = std::move(done);
  const auto adopted = Adopt();
  if (!adopted) return Fail(adopted.error());
  if (!*adopted) {
    if (auto spawned = Spawn(); !spawned) return Fail(std::move(spawned).error());
  }
  AwaitServing();
}

Result<bool> EmbeddedZooKeeper::Adopt() {
  const auto text = ReadFile(PidFile(), 64);
  if (!text) return false;
  int64_t pid = 0;
  uint64_t start_ticks = 0;
  std::istringstream(*text) >> pid >> start_ticks;
  auto process = OpenProcess(pid);
  if (!process || StartTicks(pid) != start_ticks || !HasArgument(pid, FolderArgument()))
    return false;
  if (!HasArgument(pid, PortArgument())) {
    return MakeError(
        Code::kFailedPrecondition,
        fmt::format("zookeeper.embedded_port = {}: the ZooKeeper of {} still runs on another port "
                    "(pid {}) and engines may depend on it; set the old port again, or end the "
                    "engines and then that process",
                    options_.port, folder_.string(), pid));
  }
  Log("zookeeper").info("server adopted pid={} port={}", pid, options_.port);
  Watch(pid, std::move(*process));
  return true;
}

Result<ProcessSpec> EmbeddedZooKeeper::MakeSpec() const {
  const std::string key = fmt::format("profile.{}.spark_home", options_.profile.name);
  ASSIGN_OR_RETURN(const SparkHome home, SparkHome::Open(options_.profile.spark_home, key));
  ASSIGN_OR_RETURN(const Path java, FindJava(options_.profile));
  ProcessSpec spec;
  spec.argv = {java.string(),
               "-XX:+UseSerialGC",
               "-Xms16m",
               "-Xmx64m",
               "-XX:TieredStopAtLevel=1",
               "-XX:+ExitOnOutOfMemoryError",
               "-Dorg.apache.logging.log4j.level=WARN",
               FolderArgument(),
               PortArgument(),
               "-cp",
               ServerClassPath(home),
               "org.apache.zookeeper.server.quorum.QuorumPeerMain",
               (folder_ / "zoo.cfg").string()};
  spec.environment = InheritedEnvironment();
  spec.working_folder = folder_.string();
  return spec;
}

Result<void> EmbeddedZooKeeper::Spawn() {
  ASSIGN_OR_RETURN(ProcessSpec spec, MakeSpec());
  if (!IsPortFree(options_.port)) {
    return MakeError(Code::kFailedPrecondition,
                     fmt::format("zookeeper.embedded_port = {}: another program listens on "
                                 "127.0.0.1:{}; end it, or set another port",
                                 options_.port, options_.port));
  }
  RETURN_IF_ERROR(MakeFolder(folder_, 0700));
  RETURN_IF_ERROR(
      WriteFileAtomically(folder_ / "zoo.cfg", ServerConfig(folder_, options_.port), 0600));
  const UniqueFd log(
      open(LogFile().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (!log.valid()) return tl::unexpected(ErrnoError(errno, "creating " + LogFile().string()));
  spec.output_fd = log.get();
  ASSIGN_OR_RETURN(SpawnedProcess process, spawner_.Spawn(spec));
  const int64_t pid = process.pid;
  Watch(pid, std::move(process.pidfd));
  Log("zookeeper").info("server started pid={} port={}", pid, options_.port);
  const std::string entry = fmt::format("{} {}\n", pid, StartTicks(pid).value_or(0));
  auto written = WriteFileAtomically(PidFile(), entry, 0600);
  // Without that file the next gateway could not adopt it.
  if (!written) {
    [[maybe_unused]] const auto killed = SignalGroup(pid, SIGKILL);
  }
  return written;
}

void EmbeddedZooKeeper::Watch(int64_t pid, UniqueFd pidfd) {
  {
    MutexLock lock(mutex_);
    pid_ = pid;
  }
  began_ = thread_.clock().Now();
  start_deadline_ = began_ + options_.start_timeout;
  thread_.Watch(std::move(pidfd), [this](ProcessEnd end) { Ended(end); });
}

void EmbeddedZooKeeper::AwaitServing() {
  if (pid() == 0 || stopping_) return;
  if (ZooKeeperServes(options_.port, kProbeTimeout)) return Serving();
  if (thread_.clock().Now() < start_deadline_) {
    thread_.PostAfter(kProbeInterval, [this] { AwaitServing(); });
    return;
  }
  Fail({Code::kDeadlineExceeded,
        fmt::format("ZooKeeper (pid {}) does not serve on {} after {}; the end of {}:\n{}", pid(),
                    connect(), FormatDuration(options_.start_timeout), LogFile().string(),
                    LogEnd())});
}

void EmbeddedZooKeeper::Serving() {
  Log("zookeeper").info("server serves pid={} port={}", pid(), options_.port);
  if (start_waiter_) std::exchange(start_waiter_, nullptr)({});
}

void EmbeddedZooKeeper::Fail(Error error) {
  if (start_waiter_) {
    stopping_ = true;  // whoever called Start() gives up, so nobody wants it restarted
    return std::exchange(start_waiter_, nullptr)(tl::unexpected(std::move(error)));
  }
  Log("zookeeper").error("{}", error.message);
}

void EmbeddedZooKeeper::Ended(ProcessEnd end) {
  {
    MutexLock lock(mutex_);
    pid_ = 0;
  }
  if (stopping_) {
    std::error_code ignored;
    std::filesystem::remove(PidFile(), ignored);
    if (stop_waiter_) std::exchange(stop_waiter_, nullptr)({});
    return;
  }
  Fail({Code::kFailedPrecondition, fmt::format("ZooKeeper ended ({}); the end of {}:\n{}",
                                               end.ToString(), LogFile().string(), LogEnd())});
  if (!stopping_) RestartLater();
}

void EmbeddedZooKeeper::RestartLater() {
  if (thread_.clock().Now() - began_ >= options_.stable_after)
    restart_delay_ = options_.restart_delay_min;
  const Duration delay = restart_delay_;
  restart_delay_ = std::min(restart_delay_ * 2, options_.restart_delay_max);
  thread_.PostAfter(delay, [this] {
    if (stopping_) return;
    const auto spawned = Spawn();
    if (spawned) return AwaitServing();
    Log("zookeeper").error("starting the server again: {}", spawned.error().message);
    if (pid() == 0) RestartLater();
  });
}

std::string EmbeddedZooKeeper::LogEnd() const {
  const auto tail = LogTail(LogFile(), kLogLines, {});
  return tail ? *tail : tail.error().message;
}

Result<void> EmbeddedZooKeeper::Stop(Duration grace) {
  const auto answer = Awaited<Result<void>>::Make();
  thread_.Post([this, answer, grace] {
    stopping_ = true;
    const int64_t server = pid();
    if (server == 0) return answer->Set({});
    stop_waiter_ = [answer](Result<void> stopped) { answer->Set(std::move(stopped)); };
    if (auto asked = SignalGroup(server, SIGTERM); !asked)
      Log("zookeeper").warn("{}", asked.error().message);
    thread_.PostAfter(grace, [this, server] {
      if (pid() != server) return;
      [[maybe_unused]] const auto killed = SignalGroup(server, SIGKILL);
    });
  });
  const auto stopped = answer->Wait(grace + std::chrono::seconds(5));
  if (!stopped) return MakeError(Code::kDeadlineExceeded, "ZooKeeper does not end");
  return *stopped;
}

}  // namespace foxfire::launcher
