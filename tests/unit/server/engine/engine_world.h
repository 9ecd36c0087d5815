// A broker among fakes, for tests that move time by hand.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/engine/engine_broker.h"
#include "server/store/event_types.h"
#include "tests/fakes/engine_secrets.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_executor.h"
#include "tests/fakes/fake_launcher.h"
#include "tests/fakes/fake_probe_client.h"
#include "tests/fakes/in_memory_engine_directory.h"
#include "tests/fakes/in_memory_event_store.h"

namespace foxfire::server {

using discovery::InMemoryEngineDirectory;

// What a callback was given, and how often.
template <typename T>
struct Answer {
  int times = 0;
  std::optional<T> value;
};
template <typename T>
using AnswerPtr = std::shared_ptr<Answer<T>>;

// Keeps what it is called with.
template <typename T>
std::function<void(T)> KeepIn(const AnswerPtr<T>& answer) {
  return [answer](T value) {
    ++answer->times;
    answer->value = std::move(value);
  };
}

// Everything runs on the test's thread, inside core_.RunUntilIdle() and core_.Advance().
class EngineWorld : public testing::Test {
 protected:
  using EngineAnswer = AnswerPtr<Result<LiveEnginePtr>>;
  using KillAnswer = AnswerPtr<Result<KillOutcome>>;

  static EngineKey Key(const std::string& user) {
    return {ShareLevel::kUser, user, "default", "default"};
  }
  static Secret SecretOf(const EngineId& id) { return Secret("secret of " + id.str()); }

  // A registration as an engine of this machine writes it.
  discovery::EngineRecord Record(const EngineId& id, const EngineKey& key, int64_t pid = 77) const {
    discovery::EngineRecord record;
    record.key = key;
    record.id = id;
    record.host = "127.0.0.1";
    record.port = 4040;
    record.spark_version = "4.2.1";
    record.run_as = key.owner;
    record.host_name = HostName();
    record.pid = pid;
    record.started_at = clock_.WallNow();
    return record;
  }
  discovery::EngineRecord RemoteRecord(const EngineId& id, const EngineKey& key) const {
    discovery::EngineRecord record = Record(id, key);
    record.host_name = "some.other.machine";
    return record;
  }

  void StartBroker() {
    broker_ = std::make_unique<EngineBroker>(
        options_, SecretsBy(SecretOf),
        EngineBrokerParts{directory_, launcher_, sessions_, store_, probes_, core_, metrics_});
    ASSERT_TRUE(broker_->Start());
    core_.RunUntilIdle();
  }
  EngineAnswer Ask(const EngineKey& key) {
    auto answer = std::make_shared<Answer<Result<LiveEnginePtr>>>();
    broker_->Acquire(EngineDemand{key, key.owner}, KeepIn(answer));
    core_.RunUntilIdle();
    return answer;
  }
  KillAnswer Kill(const EngineId& id, Duration grace = std::chrono::seconds(10)) {
    auto answer = std::make_shared<Answer<Result<KillOutcome>>>();
    broker_->Kill(id, {"root", "maintenance", grace, "127.0.0.1:9"}, KeepIn(answer));
    core_.RunUntilIdle();
    return answer;
  }
  void Register(const discovery::EngineRecord& record) {
    directory_.AddEngine(record);
    core_.RunUntilIdle();
  }
  // The nth process that was launched registers itself.
  EngineId RegisterLaunched(size_t n = 0) {
    const launcher::LaunchRequest launch = launcher_.launches().at(n);
    Register(Record(launch.id, launch.key, launcher_.running()[launch.id]));
    return launch.id;
  }
  // An engine that has been launched and takes calls.
  EngineId ReadyEngine(const std::string& user) {
    Ask(Key(user));
    return RegisterLaunched(launcher_.launches().size() - 1);
  }
  std::vector<LaunchStatus> Launches() {
    std::vector<LaunchStatus> launches;
    broker_->ListLaunches(
        [&launches](std::vector<LaunchStatus> list) { launches = std::move(list); });
    core_.RunUntilIdle();
    return launches;
  }
  SessionPtr OpenSession(const std::string& user, const std::string& id, const EngineId& engine) {
    return sessions_.Open(
        {UserId(user), SessionId(id), Key(user), engine, clock_.WallNow(), "pyspark", ""});
  }
  EngineBroker::Presence PresenceOf(const EngineId& id) const {
    return broker_->FindEngine(id).presence;
  }
  EngineBroker::Presence PresenceFor(const EngineKey& key) const {
    return broker_->FindFor(key).presence;
  }
  size_t CountEvents(std::string_view type) const {
    size_t count = 0;
    for (const EventRecord& event : store_.events()) count += event.type == type ? 1 : 0;
    return count;
  }
  EngineRow RowOf(const EngineId& id) {
    const auto rows = store_.ListEngines(1000);
    for (const EngineRow& row : *rows) {
      if (row.engine_id == id.str()) return row;
    }
    return {};
  }

  static constexpr auto kLive = EngineBroker::Presence::kLive;
  static constexpr auto kGone = EngineBroker::Presence::kGone;
  static constexpr auto kUnknown = EngineBroker::Presence::kUnknown;

  FakeClock clock_;
  FakeExecutor core_{clock_};
  InMemoryEngineDirectory directory_{core_};
  launcher::FakeLauncher launcher_;
  FakeProbeClient probes_;
  InMemoryEventStore store_;
  Metrics metrics_;
  SessionManager sessions_{{}, clock_, store_, metrics_};
  EngineOptions options_;
  std::unique_ptr<EngineBroker> broker_;
};

}  // namespace foxfire::server
