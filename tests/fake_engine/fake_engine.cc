#include "tests/fake_engine/fake_engine.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "common/json.h"
#include "tests/fake_engine/counters.h"
#include "tests/fake_engine/event_queue.h"
#include "tests/fake_engine/fake_service.h"
#include "tests/fake_engine/registration.h"

namespace foxfire::fake {
namespace {

constexpr int kTerminatedStatus = 143;  // as a JVM ends after SIGTERM
constexpr std::chrono::milliseconds kShortTick(50);
constexpr std::chrono::milliseconds kLongTick(1000);  // hundreds of engines share a machine

using SteadyClock = std::chrono::steady_clock;

template <typename... Args>
void Say(fmt::format_string<Args...> format, Args&&... args) {
  fmt::print("foxfire-engine: {}\n", fmt::format(format, std::forward<Args>(args)...));
  std::fflush(stdout);
}

std::string Record(const EngineOptions& options, int port) {
  return ToText(
      {{"schema", 1},
       {"engine_id", options.engine_id},
       {"endpoint", fmt::format("{}:{}", options.advertise_host, port)},
       {"spark_version", "4.2.1"},
       {"application_id", "fake-" + options.engine_id},
       {"run_as", options.run_as},
       {"ui_url", ""},
       {"host_name", options.host_name},
       {"pid", getpid()},
       {"started_at", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))}});
}

// Serves until something ends it. Confined to the main thread.
class Engine {
 public:
  Engine(const EngineOptions& options, const LaunchScript& script)
      : options_(options),
        script_(script),
        service_(options.secret,
                 {{"engine_id", options.engine_id},
                  {"pid", getpid()},
                  {"run_as", options.run_as},
                  {"key", options.key}},
                 counters_) {}

  int Run() {
    auto running = Serve(service_, options_.address, options_.port);
    if (!running) {
      Say("FAILED: {}", running.error().message);
      return 1;
    }
    server_ = std::move(running->server);
    Say("listening on {}:{}", options_.address, running->port);
    std::thread(WaitForSignal, &events_).detach();
    while (true) {
      if (!registration_ && MayRegister()) BeginRegistration(running->port);
      const auto event = events_.Pop(SteadyClock::now() + TickLength());
      if (const auto status = event ? Handle(*event) : std::nullopt) return *status;
      if (const auto status = Tick(SteadyClock::now())) return *status;
    }
  }

 private:
  // The process ends with it: nothing waits for this thread.
  static void WaitForSignal(EventQueue* events) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    for (int signal = 0; sigwait(&signals, &signal) == 0;)
      events->Push({Event::Kind::kTerminate, ""});
  }

  bool MayRegister() const {
    if (options_.zookeeper.empty() || !script_.registers) return false;
    return !script_.waits_listening || std::filesystem::exists(script_.wait_for_file);
  }

  void BeginRegistration(int port) {
    registration_.emplace(options_, Record(options_, port), events_);
    if (const auto connected = registration_->Connect(); !connected)
      Say("ZooKeeper: {}", connected.error().message);
  }

  std::chrono::milliseconds TickLength() const {
    if (script_.waits_listening && !registration_) return kShortTick;
    auto length = kLongTick;
    for (const auto timeout : {options_.idle, options_.lost}) {
      if (timeout.count() > 0) length = std::min(length, std::max(timeout / 20, kShortTick));
    }
    return length;
  }

  // What ends an engine that nobody ends.
  std::optional<int> Tick(SteadyClock::time_point now) {
    if (connected_ && registered_) last_registered_ = now;
    const bool may_be_lost = options_.lost.count() > 0 && !options_.zookeeper.empty();
    if (may_be_lost && now - last_registered_ >= options_.lost)
      return Stop("registration-lost", std::chrono::milliseconds(0), 0);
    if (options_.idle.count() > 0 && counters_.IdleFor() >= options_.idle)
      return Stop("idle", options_.drain_grace, 0);
    if (connected_ && !registered_) return Connected();
    return std::nullopt;
  }

  std::optional<int> Handle(const Event& event) {
    switch (event.kind) {
      case Event::Kind::kConnected:
        connected_ = true;
        return Connected();
      case Event::Kind::kDisconnected:
        connected_ = false;
        return std::nullopt;
      case Event::Kind::kExpired:
        connected_ = registered_ = false;
        if (const auto connected = registration_->Connect(); !connected)
          Say("ZooKeeper: {}", connected.error().message);
        return std::nullopt;
      case Event::Kind::kNodeChanged:
        return NodeChanged(event.path);
      case Event::Kind::kTerminate:
        if (!script_.obeys) return std::nullopt;
        return Stop("SIGTERM", std::chrono::milliseconds(0), kTerminatedStatus);
    }
    return std::nullopt;
  }

  std::optional<int> Connected() {
    if (!registered_) {
      if (const auto registered = registration_->Register(); !registered) {
        Say("ZooKeeper: {}", registered.error().message);
        return std::nullopt;
      }
      Say("{} key={}", std::exchange(ever_registered_, true) ? "reregistered" : "registered",
          options_.key);
      registered_ = true;
    }
    return ObeyOrder();
  }

  std::optional<int> NodeChanged(const std::string& path) {
    if (!registration_->IsOwnNode(path)) return ObeyOrder();
    if (registration_->OwnNodeExists()) return std::nullopt;
    Say("stopping reason=\"its registration was deleted\"");
    counters_.AwaitNoSessions(std::chrono::steady_clock::now() + options_.drain_grace);
    return Stop("drained", std::chrono::milliseconds(0), 0);
  }

  std::optional<int> ObeyOrder() {
    const auto order = registration_->ReadOrder();
    if (!order || !script_.obeys) return std::nullopt;
    if (order->drains) {
      Say("stopping reason=\"{}\"", order->reason);
      registration_->Deregister();
      counters_.AwaitNoSessions(std::chrono::steady_clock::now() + order->grace);
      return Stop("drained", std::chrono::milliseconds(0), 0);
    }
    return Stop(order->reason, order->grace, 0);
  }

  int Stop(const std::string& reason, std::chrono::milliseconds grace, int status) {
    Say("stopping reason=\"{}\" grace_ms={}", reason, grace.count());
    if (registration_) registration_->Deregister();
    counters_.AwaitNoCalls(std::chrono::steady_clock::now() + grace);
    server_->Shutdown(std::chrono::system_clock::now());
    Say("stopped");
    return status;
  }

  const EngineOptions& options_;
  const LaunchScript& script_;
  Counters counters_;
  FakeService service_;
  EventQueue events_;
  std::unique_ptr<grpc::Server> server_;
  std::optional<Registration> registration_;
  SteadyClock::time_point last_registered_ = SteadyClock::now();  // or when it began
  bool connected_ = false;
  bool registered_ = false;
  bool ever_registered_ = false;
};

}  // namespace

int RunEngine(const EngineOptions& options, const LaunchScript& script) {
  const int status = Engine(options, script).Run();
  // The signal thread still waits; leaving by _exit asks nothing of it.
  std::fflush(stdout);
  _exit(status);
}

}  // namespace foxfire::fake
