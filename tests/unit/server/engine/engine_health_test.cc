// What becomes of engines that do not answer probes, and of those that are to be drained.
#include "tests/unit/server/engine/engine_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class EngineHealthTest : public EngineWorld {
 protected:
  void SetUp() override {
    options_.probes = {10s, 5s, 3};
    options_.kill_grace = 10s;
  }
  void Probe(ProbeOutcome outcome, const std::string& why = "") {
    const size_t before = probes_.asked.size();
    core_.Advance(10s);
    ASSERT_GT(probes_.asked.size(), before);
    probes_.End(outcome, why);
    core_.RunUntilIdle();
  }
  AnswerPtr<Result<KillOutcome>> Drain(const EngineId& id) {
    auto answer = std::make_shared<Answer<Result<KillOutcome>>>();
    broker_->Drain(id, {"root", "upgrade", 1h, ""}, KeepIn(answer));
    core_.RunUntilIdle();
    return answer;
  }
};

TEST_F(EngineHealthTest, AnEngineThatAnswersIsWell) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  Probe(ProbeOutcome::kAnswered);
  EXPECT_EQ(broker_->Show(id)->health, "ok");
  EXPECT_NE(metrics_.Render().find("foxfire_engines{state=\"ready\"} 1"), std::string::npos);
}

TEST_F(EngineHealthTest, AHungEngineIsMarkedItsSessionsToldAndReplaced) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  const SessionPtr session = OpenSession("alice", "s1", id);
  Probe(ProbeOutcome::kTimeout, "no answer within 5s");
  EXPECT_EQ(broker_->Show(id)->health, "silent: no answer within 5s");
  EXPECT_EQ(session->state(), SessionState::kActive);
  Probe(ProbeOutcome::kTimeout, "no answer within 5s");
  Probe(ProbeOutcome::kTimeout, "no answer within 5s");

  EXPECT_EQ(broker_->Show(id)->health.substr(0, 6), "hung: ");
  EXPECT_EQ(session->state(), SessionState::kLost);
  EXPECT_EQ(CountEvents(event::kEngineHung), 1U);
  EXPECT_EQ(PresenceFor(Key("alice")), kGone);
  // It is asked first: somebody may have stopped it with a debugger only.
  EXPECT_TRUE(launcher_.killed().empty());
  core_.Advance(6s);
  ASSERT_EQ(launcher_.killed().size(), 1U);
  EXPECT_EQ(launcher_.killed()[0], id);

  Ask(Key("alice"));
  EXPECT_EQ(launcher_.launches().size(), 2U);
}

// A frozen JVM loses its ZooKeeper session before three probes have failed.
TEST_F(EngineHealthTest, OneThatLosesItsNodeFirstIsFoundHungAllTheSame) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  const SessionPtr session = OpenSession("alice", "s1", id);
  Probe(ProbeOutcome::kTimeout);
  directory_.DropEngine(id);
  core_.RunUntilIdle();
  Probe(ProbeOutcome::kTimeout);
  Probe(ProbeOutcome::kTimeout);

  EXPECT_EQ(session->state(), SessionState::kLost);
  core_.Advance(6s);
  EXPECT_EQ(launcher_.killed(), std::vector{id});
}

TEST_F(EngineHealthTest, AHungRemoteOneIsEndedByForceWhenItsNodeGoesMeanwhile) {
  StartBroker();
  const EngineId id(NewUuid());
  Register(RemoteRecord(id, Key("alice")));
  for (int i = 0; i < 3; ++i) Probe(ProbeOutcome::kTimeout);

  directory_.DropEngine(id);
  core_.RunUntilIdle();

  EXPECT_EQ(launcher_.killed_remote(), std::vector{id});
}

TEST_F(EngineHealthTest, AGatewayWhoseNetworkIsAwayJudgesNobody) {
  StartBroker();
  for (const char* user : {"alice", "bob"}) Register(RemoteRecord(EngineId(NewUuid()), Key(user)));
  for (int second = 0; second < 120; ++second) {
    core_.Advance(1s);
    for (auto& asked : probes_.asked) {
      if (asked.done) std::exchange(asked.done, nullptr)({ProbeOutcome::kTimeout, "no answer"});
    }
    core_.RunUntilIdle();
  }

  EXPECT_EQ(CountEvents(event::kEngineHung), 0U);
  EXPECT_EQ(PresenceFor(Key("alice")), kLive);
}

TEST_F(EngineHealthTest, NobodyTakesOverTheIdOfAnotherEngine) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  discovery::EngineRecord thief = RemoteRecord(id, Key("alice"));
  thief.host = "10.0.0.66";
  Register(thief);
  EXPECT_EQ(broker_->FindEngine(id).engine->host, "127.0.0.1");

  Register(Record(id, Key("mallory"), 78));
  EXPECT_NE(PresenceFor(Key("mallory")), kLive);
}

TEST_F(EngineHealthTest, OneThatAnswersAgainInTimeIsLeftAlone) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  Probe(ProbeOutcome::kTimeout);
  Probe(ProbeOutcome::kTimeout);
  Probe(ProbeOutcome::kAnswered);
  Probe(ProbeOutcome::kTimeout);
  Probe(ProbeOutcome::kTimeout);

  EXPECT_EQ(PresenceFor(Key("alice")), kLive);
  EXPECT_TRUE(launcher_.killed().empty());
}

TEST_F(EngineHealthTest, ARemoteOneThatHangsIsLeftToItsClusterManager) {
  StartBroker();
  const EngineId id(NewUuid());
  discovery::EngineRecord record = RemoteRecord(id, Key("alice"));
  record.submission_id = "driver-20261121223344-0000";
  Register(record);
  for (int i = 0; i < 3; ++i) Probe(ProbeOutcome::kTimeout);

  core_.Advance(6s);

  ASSERT_EQ(launcher_.killed_remote().size(), 1U);
  EXPECT_EQ(launcher_.killed_remote()[0], id);
}

TEST_F(EngineHealthTest, AHungOneThatCannotBeEndedIsTriedAgainAfterPausesThatDouble) {
  launcher_.FindNoneToKillRemotely();
  StartBroker();
  const EngineId id(NewUuid());
  Register(RemoteRecord(id, Key("alice")));
  for (int i = 0; i < 8; ++i) Probe(ProbeOutcome::kTimeout);
  EXPECT_EQ(launcher_.killed_remote().size(), 1U);
  EXPECT_EQ(broker_->Show(id)->health.substr(0, 6), "hung: ");

  for (int i = 0; i < 12; ++i) Probe(ProbeOutcome::kTimeout);
  EXPECT_EQ(launcher_.killed_remote().size(), 2U) << "a minute later";
  for (int i = 0; i < 6; ++i) Probe(ProbeOutcome::kTimeout);
  EXPECT_EQ(launcher_.killed_remote().size(), 3U) << "two minutes later";
}

TEST_F(EngineHealthTest, OneWhosePortIsClosedIsDead) {
  StartBroker();
  const EngineId id(NewUuid());
  Register(RemoteRecord(id, Key("alice")));
  const SessionPtr session = OpenSession("alice", "s1", id);

  Probe(ProbeOutcome::kRefused, "connection refused");

  EXPECT_EQ(PresenceOf(id), kGone);
  EXPECT_EQ(session->state(), SessionState::kLost);
}

TEST_F(EngineHealthTest, ADrainedEngineKeepsItsSessionsAndGetsNoNewOnes) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  const SessionPtr session = OpenSession("alice", "s1", id);

  const auto answer = Drain(id);

  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_EQ((*answer->value)->sessions, 1U);
  const auto control = directory_.Control(id);
  ASSERT_TRUE(control);
  EXPECT_EQ(control->command, "drain");
  EXPECT_EQ(control->grace, Duration(1h));
  EXPECT_EQ(session->state(), SessionState::kActive);
  EXPECT_EQ(PresenceOf(id), kLive);
  EXPECT_EQ(PresenceFor(Key("alice")), kGone);
  EXPECT_EQ(CountEvents(event::kEngineDrainAsked), 1U);
  EXPECT_TRUE(broker_->Show(id)->is_draining);

  launcher_.End(id, "exit status 0");
  core_.RunUntilIdle();
  EXPECT_FALSE(directory_.Control(id)) << "the order is not left behind";
}

TEST_F(EngineHealthTest, OneThatCannotBeAskedToDrainGoesOn) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  directory_.FailNext(InMemoryEngineDirectory::Op::kSendControl,
                      {Code::kUnavailable, "ZooKeeper cannot be reached"});

  const auto answer = Drain(id);

  ASSERT_TRUE(answer->value && !answer->value->has_value());
  EXPECT_EQ(answer->value->error().code, Code::kFailedPrecondition) << "the gateway is there";
  EXPECT_NE(answer->value->error().message.find("ZooKeeper cannot be reached"), std::string::npos);
  EXPECT_EQ(PresenceFor(Key("alice")), kLive);
  EXPECT_FALSE(broker_->Show(id)->is_draining);
}

TEST_F(EngineHealthTest, AnOrderToDrainThatMayHaveArrivedIsTakenBackFirst) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  directory_.FailNext(InMemoryEngineDirectory::Op::kSendControl, {Code::kUnavailable, "away"});
  directory_.FailNext(InMemoryEngineDirectory::Op::kClearControl, {Code::kUnavailable, "away"});

  Drain(id);
  EXPECT_EQ(PresenceFor(Key("alice")), kGone) << "it may have heard of it";
  core_.Advance(1s);

  EXPECT_EQ(PresenceFor(Key("alice")), kLive);
}

TEST_F(EngineHealthTest, AnOlderOrderToDrainIsNotTakenBackFromANewerOne) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  directory_.FailNext(InMemoryEngineDirectory::Op::kSendControl, {Code::kUnavailable, "away"});
  directory_.FailNext(InMemoryEngineDirectory::Op::kClearControl, {Code::kUnavailable, "away"});

  Drain(id);
  Drain(id);
  core_.Advance(1s);

  EXPECT_EQ(PresenceFor(Key("alice")), kGone);
  EXPECT_TRUE(broker_->Show(id)->is_draining);
}

TEST_F(EngineHealthTest, AnOrderThatCouldNotBeRemovedIsRemovedLater) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  Drain(id);
  ASSERT_TRUE(directory_.Control(id));
  directory_.FailNext(InMemoryEngineDirectory::Op::kClearControl, {Code::kUnavailable, "away"});

  launcher_.End(id, "exit status 0");
  core_.RunUntilIdle();
  ASSERT_TRUE(directory_.Control(id));
  core_.Advance(1s);

  EXPECT_FALSE(directory_.Control(id));
}

TEST_F(EngineHealthTest, ADrainedOneThatIsKilledHasEndedWhenItsPortIsClosed) {
  launcher_.FailRemoteKills({Code::kFailedPrecondition, "it runs on another machine"});
  StartBroker();
  const EngineId id(NewUuid());
  Register(RemoteRecord(id, Key("alice")));
  Drain(id);
  directory_.DropEngine(id);
  core_.RunUntilIdle();
  const KillAnswer answer = Kill(id, 10s);

  Probe(ProbeOutcome::kRefused, "connection refused");

  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_FALSE((*answer->value)->forced);
  EXPECT_EQ(PresenceOf(id), kGone);
}

TEST_F(EngineHealthTest, AProcessThatStaysAfterItsPortIsClosedIsEnded) {
  StartBroker();
  const EngineId stays = ReadyEngine("alice");
  Probe(ProbeOutcome::kRefused, "connection refused");
  const EngineId goes = ReadyEngine("bob");
  Probe(ProbeOutcome::kRefused, "connection refused");
  EXPECT_EQ(PresenceOf(stays), kGone);
  launcher_.End(goes, "exit status 0");
  EXPECT_TRUE(launcher_.killed().empty()) << "it may be stopping Spark";

  core_.Advance(1min);

  EXPECT_EQ(launcher_.killed(), std::vector{stays});
}

TEST_F(EngineHealthTest, NothingDrainsThatIsNotThere) {
  StartBroker();
  EXPECT_EQ(Drain(EngineId(NewUuid()))->value->error().code, Code::kNotFound);
}

TEST_F(EngineHealthTest, FailuresOfAKeyBackOffAndAreListed) {
  options_.launch_backoff = 5s;
  options_.launch_backoff_max = 12s;
  StartBroker();
  launcher_.FailLaunches(Error{Code::kFailedPrecondition, "no memory"});
  const auto failures = [this] {
    std::vector<LaunchFailure> list;
    broker_->ListFailures([&list](std::vector<LaunchFailure> now) { list = std::move(now); });
    core_.RunUntilIdle();
    return list;
  };
  Ask(Key("alice"));
  ASSERT_EQ(failures().size(), 1U);
  EXPECT_EQ(failures()[0].count, 1U);
  EXPECT_NE(failures()[0].error.message.find("no memory"), std::string::npos);

  core_.Advance(5s);
  Ask(Key("alice"));
  EXPECT_EQ(failures()[0].count, 2U);
  core_.Advance(9s);
  Ask(Key("alice"));
  EXPECT_EQ(launcher_.launches().size(), 2U) << "ten seconds now";
  core_.Advance(1s);
  Ask(Key("alice"));
  EXPECT_EQ(launcher_.launches().size(), 3U);
  EXPECT_EQ(failures()[0].retry_at - failures()[0].last, Duration(12s)) << "no longer than that";

  launcher_.FailLaunches(std::nullopt);
  core_.Advance(12s);
  Ask(Key("alice"));
  RegisterLaunched(3);
  EXPECT_TRUE(failures().empty());
}

TEST_F(EngineHealthTest, AnEngineThatAnotherGatewayHasJustRegisteredIsWaitedFor) {
  StartBroker();
  const EngineId id(NewUuid());
  directory_.AddUnseen(id);
  const EngineAnswer answer = Ask(Key("alice"));
  EXPECT_TRUE(launcher_.launches().empty()) << "the view is only behind";

  core_.Advance(500ms);
  Register(RemoteRecord(id, Key("alice")));

  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_EQ((**answer->value)->id, id);
  EXPECT_TRUE(launcher_.launches().empty());
}

TEST_F(EngineHealthTest, ALateEngineThatIsThereThoughTheViewIsBehindIsNotEnded) {
  StartBroker();
  const EngineAnswer answer = Ask(Key("alice"));
  const EngineId id = launcher_.launches().at(0).id;
  directory_.AddUnseen(id);
  core_.Advance(options_.launch_timeout);
  EXPECT_TRUE(launcher_.killed().empty());

  RegisterLaunched(0);

  ASSERT_TRUE(answer->value && answer->value->has_value());
  core_.Advance(1min);
  EXPECT_TRUE(launcher_.killed().empty());
}

TEST_F(EngineHealthTest, ALateEngineIsNotEndedWhileNobodyCanSayWhetherItIsThere) {
  StartBroker();
  const EngineAnswer answer = Ask(Key("alice"));
  directory_.FailNext(discovery::InMemoryEngineDirectory::Op::kEnginesOf,
                      {Code::kUnavailable, "session expired"});
  core_.Advance(options_.launch_timeout);
  EXPECT_TRUE(launcher_.killed().empty());

  RegisterLaunched(0);

  EXPECT_TRUE(answer->value && answer->value->has_value());
}

TEST_F(EngineHealthTest, ALateEngineThatNeverComesIntoTheViewIsEnded) {
  StartBroker();
  const EngineAnswer answer = Ask(Key("alice"));
  const EngineId id = launcher_.launches().at(0).id;
  directory_.AddUnseen(id);

  core_.Advance(options_.launch_timeout + 10s);

  ASSERT_TRUE(answer->value && !answer->value->has_value());
  EXPECT_EQ(launcher_.killed(), std::vector<EngineId>{id});
}

TEST_F(EngineHealthTest, ANodeThatNobodyCanReadIsNotWaitedForForEver) {
  StartBroker();
  directory_.AddUnseen(EngineId(NewUuid()));
  Ask(Key("alice"));

  core_.Advance(5s);

  EXPECT_EQ(launcher_.launches().size(), 1U);
}

}  // namespace
}  // namespace foxfire::server
