#include "server/engine/engine_broker.h"

#include <atomic>
#include <thread>

#include "tests/unit/server/engine/engine_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class EngineBrokerTest : public EngineWorld {
 protected:
  static constexpr const char* kSession = "11111111-2222-3333-4444-555555555555";
};

TEST_F(EngineBrokerTest, AnEngineWhoseNodeVanishesServesItsSessionsButTakesNoNewOnes) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  const SessionPtr session = OpenSession("alice", kSession, id);

  directory_.DropEngine(id);
  core_.RunUntilIdle();

  EXPECT_EQ(PresenceOf(id), kLive);
  EXPECT_EQ(PresenceFor(Key("alice")), kGone);
  EXPECT_EQ(session->state(), SessionState::kActive);
  EXPECT_EQ(broker_->Show(id)->state, EngineState::kStopping);
  launcher_.End(id, "exit status 0");
  core_.RunUntilIdle();
  EXPECT_EQ(PresenceOf(id), kGone);
  EXPECT_EQ(session->state(), SessionState::kLost);
  EXPECT_EQ(CountEvents(event::kEngineStopped), 1U);
  EXPECT_EQ(CountEvents(event::kEngineLost), 0U);
}

TEST_F(EngineBrokerTest, AnEngineThatRegistersAgainTakesNewSessionsAgain) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  directory_.DropEngine(id);
  core_.RunUntilIdle();

  RegisterLaunched();

  EXPECT_EQ(PresenceFor(Key("alice")), kLive);
}

TEST_F(EngineBrokerTest, AnEngineThatIsShotLosesItsSessionsAndItsNode) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  const SessionPtr session = OpenSession("alice", kSession, id);

  launcher_.End(id, "signal 9");
  core_.RunUntilIdle();

  EXPECT_EQ(PresenceOf(id), kGone);
  EXPECT_EQ(PresenceFor(Key("alice")), kGone);
  EXPECT_EQ(session->state(), SessionState::kLost);
  EXPECT_EQ(CountEvents(event::kEngineLost), 1U);
  EXPECT_EQ(CountEvents(event::kSessionLost), 1U);
  EXPECT_EQ(directory_.View()->Find(id), nullptr);
  EXPECT_EQ(RowOf(id).state, "dead");
  EXPECT_EQ(RowOf(id).end_reason, "signal 9");
  EXPECT_TRUE(RowOf(id).ended_at);
}

TEST_F(EngineBrokerTest, AnEngineThatSaysGoodbyeIsStoppedNotLost) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");

  launcher_.End(id, "exit status 0");
  core_.RunUntilIdle();

  EXPECT_EQ(CountEvents(event::kEngineStopped), 1U);
  EXPECT_EQ(CountEvents(event::kEngineLost), 0U);
}

TEST_F(EngineBrokerTest, AnEngineWhosePortRefusesIsDead) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  const SessionPtr session = OpenSession("alice", kSession, id);

  broker_->ReportDead(id, "its port refuses connections");
  broker_->ReportDead(id, "its port refuses connections");
  core_.RunUntilIdle();

  EXPECT_EQ(session->state(), SessionState::kLost);
  EXPECT_EQ(PresenceOf(id), kGone);
  core_.Advance(10s);
  EXPECT_EQ(CountEvents(event::kEngineLost), 1U);
  EXPECT_EQ(RowOf(id).end_reason, "its port refuses connections");
}

TEST_F(EngineBrokerTest, HowItsProcessEndedIsWhatIsWrittenDown) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");

  broker_->ReportDead(id, "its port refuses connections");
  core_.RunUntilIdle();
  launcher_.End(id, "signal 9");
  core_.RunUntilIdle();

  EXPECT_EQ(RowOf(id).end_reason, "signal 9");
  core_.Advance(10s);
  EXPECT_EQ(CountEvents(event::kEngineLost), 1U);
  EXPECT_EQ(RowOf(id).end_reason, "signal 9");
}

// For the sanitizers: readers of a list while its snapshot is replaced.
TEST_F(EngineBrokerTest, EnginesMayBeListedWhileTheyComeAndGo) {
  StartBroker();
  std::atomic<bool> done = false;
  std::thread reader([this, &done] {
    while (!done) {
      for (const EngineStatus& engine : broker_->List()) EXPECT_EQ(engine.id, EngineId("remote"));
    }
  });

  for (int i = 0; i < 200; ++i) {
    Register(RemoteRecord(EngineId("remote"), Key("alice")));
    directory_.DropEngine(EngineId("remote"));
    core_.RunUntilIdle();
  }

  done = true;
  reader.join();
}

TEST_F(EngineBrokerTest, ALingeringNodeOfADeadEngineIsNotLetInAgain) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  directory_.FailNext(InMemoryEngineDirectory::Op::kRemoveEngine,
                      {Code::kUnavailable, "connection loss"});
  launcher_.End(id, "signal 9");
  core_.RunUntilIdle();
  ASSERT_NE(directory_.View()->Find(id), nullptr);

  Register(RemoteRecord(EngineId("other"), Key("bob")));

  EXPECT_EQ(PresenceOf(id), kGone);
  const EngineAnswer answer = Ask(Key("alice"));
  EXPECT_EQ(answer->times, 0);
  EXPECT_EQ(launcher_.launches().size(), 2U);
}

TEST_F(EngineBrokerTest, AnEngineOfAnotherMachineIsGivenUpWhenItStaysAway) {
  options_.forget_after = 6min;
  StartBroker();
  Register(RemoteRecord(EngineId("remote"), Key("alice")));
  EXPECT_EQ(PresenceFor(Key("alice")), kLive);
  EXPECT_TRUE(launcher_.adopted().empty()) << "its pid counts on another machine";
  directory_.DropEngine(EngineId("remote"));

  core_.Advance(5min);
  EXPECT_EQ(PresenceOf(EngineId("remote")), kLive);
  core_.Advance(1min);

  EXPECT_EQ(PresenceOf(EngineId("remote")), kGone);
  EXPECT_EQ(CountEvents(event::kEngineStopped), 1U);
}

TEST_F(EngineBrokerTest, AnEngineOfThisMachineThatOthersStartedIsWatched) {
  StartBroker();
  Register(Record(EngineId("neighbour"), Key("alice"), 4711));
  ASSERT_EQ(launcher_.adopted().at(EngineId("neighbour")), 4711);

  launcher_.End(EngineId("neighbour"), "exit status unknown");
  core_.RunUntilIdle();

  EXPECT_EQ(PresenceOf(EngineId("neighbour")), kGone);
}

TEST_F(EngineBrokerTest, WhileZooKeeperIsAwayTheLastViewCounts) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");

  directory_.SetStale(true);
  core_.RunUntilIdle();

  EXPECT_EQ(PresenceOf(id), kLive);
  EXPECT_EQ(PresenceFor(Key("alice")), kLive);
  EXPECT_TRUE(Ask(Key("alice"))->value->has_value());
  launcher_.End(id, "signal 9");
  core_.RunUntilIdle();
  EXPECT_EQ(PresenceOf(id), kGone) << "its process tells, ZooKeeper need not";
}

TEST_F(EngineBrokerTest, ListsEnginesOldestFirstWithWhatTheyUse) {
  StartBroker();
  const EngineId alice = ReadyEngine("alice");
  core_.Advance(1s);
  const EngineId bob = ReadyEngine("bob");
  launcher_.SetResidentBytes(1234);

  const std::vector<EngineStatus> list = broker_->List();

  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].id, alice);
  EXPECT_EQ(list[1].id, bob);
  EXPECT_EQ(list[0].endpoint, "127.0.0.1:4040");
  EXPECT_EQ(list[0].rss_bytes, 1234U);
  EXPECT_TRUE(list[0].is_local);
  EXPECT_EQ(broker_->Show(bob)->key, Key("bob"));
  EXPECT_EQ(broker_->Show(EngineId("nobody")).error().code, Code::kNotFound);
}

TEST_F(EngineBrokerTest, ALaunchingEngineIsListedWithoutAnEndpoint) {
  StartBroker();
  Ask(Key("alice"));

  const std::vector<EngineStatus> list = broker_->List();

  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].state, EngineState::kLaunching);
  EXPECT_EQ(list[0].endpoint, "");
  EXPECT_EQ(PresenceOf(list[0].id), kGone);
}

TEST_F(EngineBrokerTest, ShowsTheEndOfAnEnginesLog) {
  StartBroker();
  const EngineId id = ReadyEngine("alice");
  launcher_.SetLog(id, "foxfire-engine: registered");

  EXPECT_EQ(*broker_->LogTail(id, 10), "foxfire-engine: registered");
  EXPECT_EQ(broker_->LogTail(EngineId("nobody"), 10).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace foxfire::server
