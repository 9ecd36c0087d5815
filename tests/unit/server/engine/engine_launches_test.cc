#include "server/engine/engine_launches.h"

#include <algorithm>

#include "tests/unit/server/engine/engine_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using Op = InMemoryEngineDirectory::Op;

class EngineLaunchesTest : public EngineWorld {
 protected:
  void SetUp() override {
    options_.launch_timeout = 3min;
    options_.launch_backoff = 5s;
    options_.concurrent_launches = 4;
  }
  static bool Contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
};

TEST_F(EngineLaunchesTest, TenWaitersShareOneLaunch) {
  StartBroker();
  std::vector<EngineAnswer> answers;
  for (int i = 0; i < 10; ++i) answers.push_back(Ask(Key("alice")));
  ASSERT_EQ(launcher_.launches().size(), 1U);
  EXPECT_TRUE(directory_.HoldsLock(Key("alice")));

  const EngineId id = RegisterLaunched();

  for (const EngineAnswer& answer : answers) {
    EXPECT_EQ(answer->times, 1);
    ASSERT_TRUE(answer->value && answer->value->has_value());
    EXPECT_EQ((**answer->value)->id, id);
    EXPECT_EQ((**answer->value)->Endpoint(), "127.0.0.1:4040");
    EXPECT_EQ((**answer->value)->secret.Reveal(), SecretOf(id).Reveal());
  }
  EXPECT_FALSE(directory_.HoldsLock(Key("alice")));
  EXPECT_EQ(CountEvents(event::kEngineLaunching), 1U);
  EXPECT_EQ(CountEvents(event::kEngineReady), 1U);
  EXPECT_TRUE(Contains(metrics_.Render(), "foxfire_engine_launches_total{outcome=\"ready\"} 1"));
}

TEST_F(EngineLaunchesTest, AProcessIsToldWhoseEngineItIs) {
  StartBroker();
  broker_->Acquire(EngineDemand{Key("alice"), "alice-os"}, [](const Result<LiveEnginePtr>&) {});
  core_.RunUntilIdle();

  const launcher::LaunchRequest launch = launcher_.launches().at(0);

  EXPECT_EQ(launch.key, Key("alice"));
  EXPECT_EQ(launch.run_as, "alice-os");
  EXPECT_TRUE(IsUuid(launch.id.str()));
  EXPECT_EQ(launch.secret.Reveal(), SecretOf(launch.id).Reveal());
}

TEST_F(EngineLaunchesTest, WhatOneMembersClientAskedForDoesNotKeepTheGroupWaiting) {
  StartBroker();
  const EngineKey team{ShareLevel::kGroup, "team", "default", "default"};
  EngineDemand demand{team, "team"};
  demand.spark_conf = {{"spark.sql.shuffle.partitions", "abc"}};
  demand.has_client_conf = true;
  launcher_.FailLaunches(Error{Code::kFailedPrecondition, "abc is no number"});
  auto unlucky = std::make_shared<Answer<Result<LiveEnginePtr>>>();
  broker_->Acquire(demand, KeepIn(unlucky));
  core_.RunUntilIdle();
  ASSERT_TRUE(unlucky->value && !unlucky->value->has_value());

  launcher_.FailLaunches(std::nullopt);
  Ask(team);

  EXPECT_EQ(launcher_.launches().size(), 2U);
}

TEST_F(EngineLaunchesTest, WhatTheGroupsSectionSaysKeepsAllOfItWaiting) {
  StartBroker();
  const EngineKey team{ShareLevel::kGroup, "team", "default", "default"};
  EngineDemand demand{team, "team"};
  demand.spark_conf = {{"spark.sql.shuffle.partitions", "abc"}};
  launcher_.FailLaunches(Error{Code::kFailedPrecondition, "abc is no number"});
  broker_->Acquire(demand, [](const Result<LiveEnginePtr>&) {});
  core_.RunUntilIdle();

  launcher_.FailLaunches(std::nullopt);
  Ask(team);

  EXPECT_EQ(launcher_.launches().size(), 1U);
}

TEST_F(EngineLaunchesTest, AnEngineThatRunsIsNotLaunchedAgain) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");

  const EngineAnswer answer = Ask(Key("alice"));

  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_EQ((**answer->value)->id, id);
  EXPECT_EQ(launcher_.launches().size(), 1U);
}

TEST_F(EngineLaunchesTest, AFailedStartIsToldToAllOnceAndForAWhile) {
  launcher_.FailLaunches(Error{Code::kNotFound, "no java at /opt/java: set profile.java_home"});
  launcher_.HoldLaunches();
  StartBroker();
  const EngineAnswer first = Ask(Key("alice"));
  const EngineAnswer second = Ask(Key("alice"));

  launcher_.ReleaseLaunches();
  core_.RunUntilIdle();

  for (const EngineAnswer& answer : {first, second}) {
    EXPECT_EQ(answer->times, 1);
    ASSERT_TRUE(answer->value && !answer->value->has_value());
    EXPECT_EQ(answer->value->error().code, Code::kFailedPrecondition);
    EXPECT_TRUE(Contains(answer->value->error().message, "the Spark engine for alice could not"));
    EXPECT_TRUE(Contains(answer->value->error().message, "set profile.java_home"));
  }
  EXPECT_EQ(CountEvents(event::kEngineLaunchFailed), 1U);
  EXPECT_FALSE(directory_.HoldsLock(Key("alice")));
  EXPECT_TRUE(broker_->List().empty());

  launcher_.FailLaunches(std::nullopt);
  const EngineAnswer during_backoff = Ask(Key("alice"));
  EXPECT_EQ(during_backoff->value->error(), first->value->error());
  EXPECT_EQ(launcher_.launches().size(), 1U);
  core_.Advance(5s);
  const EngineAnswer after_backoff = Ask(Key("alice"));
  EXPECT_EQ(launcher_.launches().size(), 2U);
  RegisterLaunched(1);
  EXPECT_TRUE(after_backoff->value->has_value());
}

TEST_F(EngineLaunchesTest, AProcessThatEndsBeforeItRegistersFailsItsLaunchWithTheEndOfItsLog) {
  launcher_.SetLog("foxfire-engine: FAILED: out of memory");
  StartBroker();
  const EngineAnswer answer = Ask(Key("alice"));
  const EngineId id = launcher_.launches().at(0).id;

  launcher_.End(id, "exit status 1");
  core_.RunUntilIdle();

  ASSERT_TRUE(answer->value && !answer->value->has_value());
  EXPECT_EQ(answer->value->error().code, Code::kFailedPrecondition);
  EXPECT_TRUE(Contains(answer->value->error().message, "it ended with exit status 1"));
  EXPECT_TRUE(answer->value->error().message.ends_with("FAILED: out of memory"));
  EXPECT_EQ(RowOf(id).state, "dead");
  EXPECT_EQ(RowOf(id).end_reason, "launch failed");
  EXPECT_EQ(CountEvents(event::kEngineLost) + CountEvents(event::kEngineStopped), 0U);
}

TEST_F(EngineLaunchesTest, ALateEngineIsEndedAndTheErrorNamesTheTimeout) {
  StartBroker();
  const EngineAnswer answer = Ask(Key("alice"));
  const EngineId id = launcher_.launches().at(0).id;
  core_.Advance(3min - 1ns);
  EXPECT_EQ(answer->times, 0);

  core_.Advance(1ns);

  ASSERT_TRUE(answer->value && !answer->value->has_value());
  EXPECT_EQ(answer->value->error().code, Code::kFailedPrecondition);
  EXPECT_TRUE(Contains(answer->value->error().message, "not there after 3m"));
  EXPECT_TRUE(Contains(answer->value->error().message, "engine.launch_timeout"));
  EXPECT_TRUE(Contains(answer->value->error().message, "has not registered itself in ZooKeeper"));
  EXPECT_EQ(launcher_.killed(), std::vector<EngineId>{id});
  core_.RunUntilIdle();
  EXPECT_EQ(CountEvents(event::kEngineLaunchFailed), 1U);
  EXPECT_EQ(answer->times, 1);
}

TEST_F(EngineLaunchesTest, AnEngineMayRegisterBeforeItsStartIsReported) {
  launcher_.HoldLaunches();
  StartBroker();
  const EngineAnswer answer = Ask(Key("alice"));

  const EngineId id = RegisterLaunched();
  EXPECT_TRUE(answer->value->has_value());
  launcher_.ReleaseLaunches();
  core_.RunUntilIdle();

  EXPECT_EQ(answer->times, 1);
  EXPECT_EQ(PresenceOf(id), kLive);
  EXPECT_EQ(broker_->Show(id)->state, EngineState::kReady);
  EXPECT_TRUE(launcher_.killed().empty());
}

TEST_F(EngineLaunchesTest, AProcessWhoseLaunchIsOverBeforeItRunsIsEnded) {
  options_.launch_timeout = 1min;
  launcher_.HoldLaunches();
  launcher_.IgnoreKills();  // as a launcher that has not made the process yet
  StartBroker();
  const EngineAnswer answer = Ask(Key("alice"));
  const EngineId id = launcher_.launches().at(0).id;
  core_.Advance(1min);
  ASSERT_TRUE(answer->value && !answer->value->has_value());
  const size_t kills = launcher_.killed().size();

  launcher_.ReleaseLaunches();
  core_.RunUntilIdle();

  ASSERT_EQ(launcher_.killed().size(), kills + 1);
  EXPECT_EQ(launcher_.killed().back(), id);
}

TEST_F(EngineLaunchesTest, LaunchesWaitForZooKeeper) {
  StartBroker();
  directory_.SetStale(true);
  const EngineAnswer answer = Ask(Key("alice"));
  core_.Advance(30s);
  EXPECT_EQ(answer->times, 0);
  EXPECT_TRUE(launcher_.launches().empty());

  directory_.SetStale(false);
  core_.Advance(2s);

  ASSERT_EQ(launcher_.launches().size(), 1U);
  RegisterLaunched();
  EXPECT_TRUE(answer->value->has_value());
}

TEST_F(EngineLaunchesTest, NothingIsStartedWhileNobodyKnowsWhetherThereIsOne) {
  StartBroker();
  directory_.FailNext(Op::kEnginesOf, {Code::kUnavailable, "connection loss"});
  Ask(Key("alice"));
  EXPECT_TRUE(launcher_.launches().empty());
  EXPECT_FALSE(directory_.HoldsLock(Key("alice")));
  EXPECT_EQ(Launches().at(0).waits_for, "connection loss");

  core_.Advance(1s);

  EXPECT_EQ(launcher_.launches().size(), 1U);
  EXPECT_TRUE(directory_.HoldsLock(Key("alice")));
}

TEST_F(EngineLaunchesTest, ALaunchThatWaitedForZooKeeperInVainSaysSo) {
  StartBroker();
  directory_.SetStale(true);
  const EngineAnswer answer = Ask(Key("alice"));

  core_.Advance(3min);

  ASSERT_TRUE(answer->value && !answer->value->has_value());
  EXPECT_EQ(answer->value->error().code, Code::kFailedPrecondition);
  EXPECT_TRUE(Contains(answer->value->error().message, "engine.launch_timeout"));
  EXPECT_TRUE(Contains(answer->value->error().message, "ZooKeeper cannot be reached"));
  EXPECT_TRUE(launcher_.launches().empty());
}

TEST_F(EngineLaunchesTest, WhatAnotherGatewayStartsIsWaitedFor) {
  StartBroker();
  directory_.HoldLockElsewhere(Key("alice"));
  const EngineAnswer answer = Ask(Key("alice"));
  core_.Advance(20s);
  EXPECT_TRUE(launcher_.launches().empty());

  Register(RemoteRecord(EngineId("theirs"), Key("alice")));
  directory_.FreeLockElsewhere(Key("alice"));
  core_.RunUntilIdle();

  EXPECT_EQ(answer->times, 1);
  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_EQ((**answer->value)->id, EngineId("theirs"));
  EXPECT_TRUE(launcher_.launches().empty());
}

TEST_F(EngineLaunchesTest, WhatAnotherGatewayFailedToStartIsTriedHere) {
  StartBroker();
  directory_.HoldLockElsewhere(Key("alice"));
  Ask(Key("alice"));

  directory_.FreeLockElsewhere(Key("alice"));
  core_.Advance(1s);

  EXPECT_EQ(launcher_.launches().size(), 1U);
}

TEST_F(EngineLaunchesTest, WaitingForAnotherGatewayEndsWithAReasonToo) {
  StartBroker();
  directory_.HoldLockElsewhere(Key("alice"));
  const EngineAnswer answer = Ask(Key("alice"));

  core_.Advance(3min);

  ASSERT_TRUE(answer->value && !answer->value->has_value());
  EXPECT_TRUE(Contains(answer->value->error().message, "another gateway is starting this engine"));
}

TEST_F(EngineLaunchesTest, LaunchesTakeTurns) {
  options_.concurrent_launches = 1;
  StartBroker();
  const EngineAnswer alice = Ask(Key("alice"));
  const EngineAnswer bob = Ask(Key("bob"));
  const EngineAnswer carol = Ask(Key("carol"));
  ASSERT_EQ(launcher_.launches().size(), 1U);

  RegisterLaunched(0);
  ASSERT_EQ(launcher_.launches().size(), 2U);
  EXPECT_EQ(launcher_.launches().at(1).key, Key("bob"));
  EXPECT_TRUE(alice->value->has_value());
  EXPECT_EQ(bob->times, 0);
  launcher_.End(launcher_.launches().at(1).id, "exit status 1");
  core_.RunUntilIdle();

  ASSERT_EQ(launcher_.launches().size(), 3U);
  EXPECT_EQ(launcher_.launches().at(2).key, Key("carol"));
  EXPECT_FALSE(bob->value->has_value());
}

TEST_F(EngineLaunchesTest, ALaunchThatNeverHadItsTurnNamesTheLimit) {
  options_.concurrent_launches = 1;
  options_.launch_timeout = 1min;
  options_.queue_timeout = 10s;
  StartBroker();
  Ask(Key("alice"));
  Ask(Key("carol"));
  core_.Advance(1s);
  const EngineAnswer bob = Ask(Key("bob"));
  core_.Advance(59s);
  EXPECT_EQ(bob->times, 0) << "it waits for its turn, not for room";

  core_.Advance(1s);

  ASSERT_TRUE(bob->value && !bob->value->has_value());
  EXPECT_EQ(bob->value->error().code, Code::kResourceExhausted);
  EXPECT_TRUE(Contains(bob->value->error().message, "engine.concurrent_launches"));
}

TEST_F(EngineLaunchesTest, WhoeverWaitsBehindZooKeeperHearsSo) {
  options_.concurrent_launches = 1;
  options_.launch_timeout = 1min;
  options_.queue_timeout = 0s;
  StartBroker();
  for (int i = 0; i < 100; ++i) {
    directory_.FailNext(Op::kAcquireLaunchLock, {Code::kUnavailable, "connection loss"});
  }
  const EngineAnswer alice = Ask(Key("alice"));
  const EngineAnswer bob = Ask(Key("bob"));
  const EngineAnswer carol = Ask(Key("carol"));

  core_.Advance(1min);

  ASSERT_TRUE(alice->value && !alice->value->has_value());
  EXPECT_TRUE(Contains(alice->value->error().message, "connection loss"));
  ASSERT_TRUE(carol->value && !carol->value->has_value());
  EXPECT_TRUE(Contains(carol->value->error().message, "connection loss"));
  EXPECT_EQ(bob->times, 0) << "it is its turn";
}

TEST_F(EngineLaunchesTest, WaitingCallsHaveALimitThatOneOwnerCannotUseUp) {
  options_.waiting_max = 3;
  StartBroker();
  std::vector<EngineAnswer> alices;
  for (int i = 0; i < 3; ++i) alices.push_back(Ask(Key("alice")));

  const EngineAnswer one_more = Ask(Key("alice"));
  const EngineAnswer bob = Ask(Key("bob"));

  ASSERT_TRUE(one_more->value && !one_more->value->has_value());
  EXPECT_EQ(one_more->value->error().code, Code::kResourceExhausted);
  EXPECT_TRUE(Contains(one_more->value->error().message, "limits.held_calls"));
  EXPECT_EQ(bob->times, 0) << "alice's newest call has made room";
  ASSERT_TRUE(alices[2]->value && !alices[2]->value->has_value());
  EXPECT_TRUE(Contains(alices[2]->value->error().message, "limits.held_calls"));
  RegisterLaunched(0);
  RegisterLaunched(1);
  for (const EngineAnswer& answer : {alices[0], alices[1], bob}) {
    EXPECT_TRUE(answer->value->has_value());
  }
  EXPECT_EQ(Ask(Key("carol"))->times, 0) << "those that waited have been answered";
}

TEST_F(EngineLaunchesTest, ALockThatComesAfterTheEngineIsGivenBack) {
  StartBroker();
  directory_.FailNext(Op::kAcquireLaunchLock, {Code::kUnavailable, "connection loss"});
  const EngineAnswer answer = Ask(Key("alice"));
  Register(RemoteRecord(EngineId("theirs"), Key("alice")));
  ASSERT_TRUE(answer->value && answer->value->has_value());

  core_.Advance(10s);

  EXPECT_FALSE(directory_.HoldsLock(Key("alice")));
  EXPECT_TRUE(launcher_.launches().empty());
}

// One seat of several gateways at the same directory, which itself has room for one listener.
class DirectorySeat final : public discovery::EngineDirectory {
 public:
  explicit DirectorySeat(InMemoryEngineDirectory& directory) : directory_(directory) {}

  void Notify() const { listener_(); }
  std::shared_ptr<const discovery::DirectoryView> View() const override {
    return directory_.View();
  }
  void OnChange(std::function<void()> listener) override { listener_ = std::move(listener); }
  void AcquireLaunchLock(const EngineKey& key, Callback<bool> done) override {
    directory_.AcquireLaunchLock(key, std::move(done));
  }
  void ReleaseLaunchLock(const EngineKey& key, Callback<void> done) override {
    directory_.ReleaseLaunchLock(key, std::move(done));
  }
  void AwaitLaunchLockFree(const EngineKey& key, Callback<void> done) override {
    directory_.AwaitLaunchLockFree(key, std::move(done));
  }
  void EnginesOf(const EngineKey& key, Callback<std::vector<EngineId>> done) override {
    directory_.EnginesOf(key, std::move(done));
  }
  void PutEngine(const discovery::EngineRecord& record, Callback<void> done) override {
    directory_.PutEngine(record, std::move(done));
  }
  void FindSession(const UserId& user, const SessionId& session,
                   Callback<std::optional<discovery::SessionBinding>> done) override {
    directory_.FindSession(user, session, std::move(done));
  }
  void BindSession(const discovery::SessionBinding& binding,
                   Callback<discovery::SessionBinding> done) override {
    directory_.BindSession(binding, std::move(done));
  }
  void NoteSessionUse(const discovery::SessionBinding& binding, Callback<void> done) override {
    directory_.NoteSessionUse(binding, std::move(done));
  }
  void UnbindSession(const UserId& user, const SessionId& session, Callback<void> done) override {
    directory_.UnbindSession(user, session, std::move(done));
  }
  void SendControl(const EngineId& engine, const discovery::ControlCommand& command,
                   Callback<void> done) override {
    directory_.SendControl(engine, command, std::move(done));
  }
  void ClearControl(const EngineId& engine, Callback<void> done) override {
    directory_.ClearControl(engine, std::move(done));
  }
  void RemoveEngine(const EngineKey& key, const EngineId& engine, Callback<void> done) override {
    directory_.RemoveEngine(key, engine, std::move(done));
  }

 private:
  InMemoryEngineDirectory& directory_;
  std::function<void()> listener_;
};

TEST_F(EngineLaunchesTest, TwoGatewaysStartOneEngine) {
  DirectorySeat seat_a(directory_);
  DirectorySeat seat_b(directory_);
  launcher::FakeLauncher launcher_b;
  EngineBroker a(options_, SecretsBy(SecretOf),
                 {seat_a, launcher_, sessions_, store_, probes_, core_, metrics_});
  EngineBroker b(options_, SecretsBy(SecretOf),
                 {seat_b, launcher_b, sessions_, store_, probes_, core_, metrics_});
  ASSERT_TRUE(a.Start());
  ASSERT_TRUE(b.Start());
  directory_.OnChange([&seat_a, &seat_b] {
    seat_a.Notify();
    seat_b.Notify();
  });
  auto from_a = std::make_shared<Answer<Result<LiveEnginePtr>>>();
  auto from_b = std::make_shared<Answer<Result<LiveEnginePtr>>>();
  a.Acquire(EngineDemand{Key("alice"), "alice"}, KeepIn(from_a));
  b.Acquire(EngineDemand{Key("alice"), "alice"}, KeepIn(from_b));
  core_.Advance(10s);
  ASSERT_EQ(launcher_.launches().size() + launcher_b.launches().size(), 1U);
  ASSERT_EQ(launcher_.launches().size(), 1U);

  const EngineId id = RegisterLaunched();
  core_.Advance(10s);

  for (const EngineAnswer& answer : {from_a, from_b}) {
    EXPECT_EQ(answer->times, 1);
    ASSERT_TRUE(answer->value && answer->value->has_value());
    EXPECT_EQ((**answer->value)->id, id);
  }
  EXPECT_TRUE(launcher_b.launches().empty());
}

}  // namespace
}  // namespace foxfire::server
