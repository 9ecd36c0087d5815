#include "server/engine/engine_kills.h"

#include "tests/unit/server/engine/engine_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class EngineKillsTest : public EngineWorld {
 protected:
  void SetUp() override {
    options_.overrides_of = [this](const EngineKey& key) {
      launcher::EngineOverrides overrides;
      overrides.queue = queue_of_owner_[key.owner];
      return overrides;
    };
    StartBroker();
  }

  std::map<std::string, std::string> queue_of_owner_;  // what config says
};

TEST_F(EngineKillsTest, AnEngineIsAskedFirst) {
  const EngineId id = ReadyEngine("alice");
  const SessionPtr session = OpenSession("alice", "s1", id);
  session->CallBegan(clock_.WallNow(), true);

  const KillAnswer answer = Kill(id, 7s);

  EXPECT_EQ(answer->times, 0);
  const auto command = directory_.Control(id);
  ASSERT_TRUE(command);
  EXPECT_EQ(command->command, "stop");
  EXPECT_EQ(command->grace, Duration(7s));
  EXPECT_EQ(command->reason, "maintenance");
  EXPECT_EQ(command->by, "root");
  EXPECT_EQ(PresenceFor(Key("alice")), kGone) << "it takes no new sessions from now on";
  EXPECT_EQ(PresenceOf(id), kLive);
  directory_.DropEngine(id);
  launcher_.End(id, "exit status 0");
  core_.RunUntilIdle();
  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_FALSE((*answer->value)->forced);
  EXPECT_EQ((*answer->value)->sessions, 1U);
  EXPECT_EQ((*answer->value)->open_calls, 1);
  EXPECT_EQ((*answer->value)->key, Key("alice"));
  EXPECT_EQ(session->state(), SessionState::kLost);
  EXPECT_FALSE(directory_.Control(id)) << "the order is taken back";
  EXPECT_TRUE(launcher_.killed().empty());
  EXPECT_EQ(CountEvents(event::kEngineKillAsked), 1U);
  EXPECT_EQ(CountEvents(event::kEngineStopped), 1U);
}

TEST_F(EngineKillsTest, TheEventSaysWhoAskedAndFromWhere) {
  const EngineId id = ReadyEngine("alice");

  Kill(id);

  for (const EventRecord& event : store_.events()) {
    if (event.type != event::kEngineKillAsked) continue;
    EXPECT_EQ(event.engine_id, id.str());
    EXPECT_EQ(event.address, "127.0.0.1:9");
    EXPECT_EQ(event.detail.rfind("by root: maintenance", 0), 0U) << event.detail;
  }
}

TEST_F(EngineKillsTest, OneThatDoesNotGoIsEndedByForceAfterTheGrace) {
  const EngineId id = ReadyEngine("alice");
  const KillAnswer answer = Kill(id, 10s);

  core_.Advance(15s - 1ns);
  EXPECT_TRUE(launcher_.killed().empty());
  core_.Advance(1ns);

  EXPECT_EQ(launcher_.killed(), std::vector<EngineId>{id});
  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_TRUE((*answer->value)->forced);
  EXPECT_EQ(answer->times, 1);
  EXPECT_EQ(CountEvents(event::kEngineStopped), 1U) << "it was asked to go";
  EXPECT_EQ(CountEvents(event::kEngineLost), 0U);
}

TEST_F(EngineKillsTest, ALaunchingEngineIsEndedAtOnce) {
  const EngineAnswer launch = Ask(Key("alice"));
  const EngineId id = launcher_.launches().at(0).id;

  const KillAnswer answer = Kill(id);

  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_TRUE((*answer->value)->forced);
  EXPECT_EQ(launcher_.killed(), std::vector<EngineId>{id});
  ASSERT_TRUE(launch->value && !launch->value->has_value());
  EXPECT_EQ(launch->value->error().code, Code::kFailedPrecondition);
  EXPECT_NE(launch->value->error().message.find("root ended it: maintenance"), std::string::npos);
  EXPECT_TRUE(broker_->List().empty());
}

TEST_F(EngineKillsTest, OneThatRegistersAfterItsLaunchWasGivenUpIsNotUsed) {
  launcher_.IgnoreKills();  // the end of a process takes a moment
  Ask(Key("alice"));
  const EngineId killed = launcher_.launches().at(0).id;
  Kill(killed);
  Ask(Key("bob"));
  const EngineId late = launcher_.launches().at(1).id;
  core_.Advance(options_.launch_timeout);
  Register(RemoteRecord(EngineId("other"), Key("carol")));  // the view changes without them

  RegisterLaunched(0);
  RegisterLaunched(1);

  EXPECT_EQ(PresenceOf(killed), kGone);
  EXPECT_EQ(PresenceOf(late), kGone);
  EXPECT_EQ(PresenceFor(Key("alice")), kGone);
  EXPECT_EQ(PresenceFor(Key("bob")), kGone);
}

TEST_F(EngineKillsTest, OneWhoseLaunchWasGivenUpAndThatCannotBeEndedIsUsed) {
  launcher_.IgnoreKills();
  launcher_.FailRemoteKills({Code::kAborted, "the resource manager does not answer"});
  launcher_.HoldRemoteKills();
  Ask(Key("alice"));
  core_.Advance(options_.launch_timeout);
  const EngineId id = RegisterLaunched();
  EXPECT_EQ(PresenceOf(id), kGone) << "its end is under way";

  launcher_.ReleaseRemoteKills();
  core_.RunUntilIdle();

  EXPECT_EQ(PresenceFor(Key("alice")), kLive);
}

TEST_F(EngineKillsTest, AnUnknownEngineIsNotFound) {
  const KillAnswer answer = Kill(EngineId("nobody"));

  EXPECT_EQ(answer->value->error().code, Code::kNotFound);
}

TEST_F(EngineKillsTest, TwoWhoAskAtOnceAreAnsweredTogether) {
  const EngineId id = ReadyEngine("alice");
  const KillAnswer first = Kill(id, 10s);
  const KillAnswer second = Kill(id, 1h);

  core_.Advance(15s);

  for (const KillAnswer& answer : {first, second}) {
    EXPECT_EQ(answer->times, 1);
    EXPECT_TRUE(answer->value && answer->value->has_value());
  }
  EXPECT_EQ(launcher_.killed().size(), 1U);
}

TEST_F(EngineKillsTest, AShorterGraceBringsTheEndForward) {
  const EngineId id = ReadyEngine("alice");
  const KillAnswer patient = Kill(id, 1h);
  const KillAnswer hasty = Kill(id, 0s);
  const KillAnswer patient_too = Kill(id, 2h);

  core_.Advance(6s);

  EXPECT_EQ(launcher_.killed(), std::vector<EngineId>{id});
  launcher_.End(id, "signal 9");
  core_.RunUntilIdle();
  for (const KillAnswer& answer : {patient, hasty, patient_too}) {
    ASSERT_EQ(answer->times, 1);
    EXPECT_TRUE((*answer->value)->forced);
  }
}

TEST_F(EngineKillsTest, AnEngineOfAClusterIsForcedByItsClusterManager) {
  discovery::EngineRecord record = RemoteRecord(EngineId("remote"), Key("alice"));
  record.submission_id = "application_1795241497975_0007";
  Register(record);
  const KillAnswer answer = Kill(EngineId("remote"), 10s);

  core_.Advance(15s);

  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_TRUE((*answer->value)->forced);
  EXPECT_FALSE((*answer->value)->not_found);
  EXPECT_EQ(launcher_.killed_remote(), std::vector{EngineId("remote")});
  EXPECT_EQ(CountEvents(event::kEngineNotFound), 0U);
}

TEST_F(EngineKillsTest, OneThatItsClusterManagerDoesNotKnowIsNotSaidToBeEndedByForce) {
  launcher_.FindNoneToKillRemotely();
  Register(RemoteRecord(EngineId("remote"), Key("alice")));
  const KillAnswer first = Kill(EngineId("remote"), 10s);
  const KillAnswer second = Kill(EngineId("remote"), 1h);

  core_.Advance(15s);

  for (const KillAnswer& answer : {first, second}) {
    ASSERT_TRUE(answer->value && answer->value->has_value()) << "it is no error";
    EXPECT_FALSE((*answer->value)->forced);
    EXPECT_TRUE((*answer->value)->not_found);
  }
  EXPECT_EQ(CountEvents(event::kEngineNotFound), 1U);
}

TEST_F(EngineKillsTest, AForcedEndIsToldWhatTheOwnerHasOtherwiseNow) {
  queue_of_owner_ = {{"alice", "etl"}, {"bob", "bi"}};
  Register(RemoteRecord(EngineId("deaf"), Key("alice")));
  Register(RemoteRecord(EngineId("frozen"), Key("bob")));
  Kill(EngineId("deaf"), 10s);
  Kill(EngineId("frozen"), 1min);
  core_.Advance(14s);
  queue_of_owner_["alice"] = "vip";  // read again meanwhile
  core_.Advance(1s);
  directory_.DropEngine(EngineId("frozen"));
  core_.RunUntilIdle();

  const auto kills = launcher_.remote_kills();
  ASSERT_EQ(kills.size(), 2U);
  EXPECT_EQ(kills[0].id, EngineId("deaf"));
  EXPECT_EQ(kills[0].overrides.queue, "vip");
  EXPECT_EQ(kills[1].id, EngineId("frozen"));
  EXPECT_EQ(kills[1].overrides.queue, "bi");
}

TEST_F(EngineKillsTest, ThatOfALaunchThatIsKilledOrTakesTooLongIsToldWhatTheLaunchHad) {
  queue_of_owner_ = {{"alice", "read again meanwhile"}, {"bob", "read again meanwhile"}};
  for (const char* user : {"alice", "bob"}) {
    EngineDemand demand{Key(user), user};
    demand.overrides.queue = "as it was launched";
    broker_->Acquire(demand, [](const Result<LiveEnginePtr>&) {});
    core_.RunUntilIdle();
    if (demand.key == Key("alice")) Kill(launcher_.launches().back().id);
  }
  core_.Advance(options_.launch_timeout);

  const auto kills = launcher_.remote_kills();
  ASSERT_EQ(kills.size(), 2U);
  EXPECT_EQ(kills[0].overrides.queue, "as it was launched");
  EXPECT_EQ(kills[1].overrides.queue, "as it was launched");
}

TEST_F(EngineKillsTest, OneWhoseSessionRunsOutWhileItIsKilledIsEndedByItsClusterManagerToo) {
  Register(RemoteRecord(EngineId("frozen"), Key("alice")));
  Register(RemoteRecord(EngineId("obedient"), Key("bob")));
  Kill(EngineId("frozen"), 1min);
  Kill(EngineId("obedient"), 1min);
  directory_.DropEngine(EngineId("obedient"));
  core_.Advance(30s);
  directory_.DropEngine(EngineId("frozen"));
  core_.RunUntilIdle();

  EXPECT_EQ(launcher_.killed_remote(), std::vector{EngineId("frozen")});
}

TEST_F(EngineKillsTest, OneThatGoesWhileItsClusterManagerIsToldIsNotEndedTwice) {
  launcher_.FindNoneToKillRemotely();
  launcher_.HoldRemoteKills();
  Register(RemoteRecord(EngineId("remote"), Key("alice")));
  const KillAnswer answer = Kill(EngineId("remote"), 10s);
  core_.Advance(15s);

  directory_.DropEngine(EngineId("remote"));
  core_.RunUntilIdle();
  EXPECT_EQ(PresenceOf(EngineId("remote")), kGone);
  EXPECT_EQ(answer->times, 0) << "its cluster manager has not said who ended it";
  launcher_.ReleaseRemoteKills();
  core_.RunUntilIdle();

  EXPECT_EQ(launcher_.killed_remote(), std::vector{EngineId("remote")});
  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_FALSE((*answer->value)->forced) << "it has obeyed";
  EXPECT_FALSE((*answer->value)->not_found);
}

TEST_F(EngineKillsTest, AnEngineOfAnotherMachineCannotBeForcedWithoutOne) {
  launcher_.FailRemoteKills({Code::kFailedPrecondition, "it runs on another machine"});
  Register(RemoteRecord(EngineId("remote"), Key("alice")));
  const KillAnswer answer = Kill(EngineId("remote"), 10s);
  EXPECT_TRUE(directory_.Control(EngineId("remote")));

  core_.Advance(15s);

  ASSERT_TRUE(answer->value && !answer->value->has_value());
  EXPECT_EQ(answer->value->error().code, Code::kFailedPrecondition);
  EXPECT_NE(answer->value->error().message.find("still runs after 15s: it runs on another machine"),
            std::string::npos);
}

TEST_F(EngineKillsTest, AnEngineOfAnotherMachineHasGoneWhenItsNodeHas) {
  Register(RemoteRecord(EngineId("remote"), Key("alice")));
  const KillAnswer answer = Kill(EngineId("remote"));

  directory_.DropEngine(EngineId("remote"));
  core_.RunUntilIdle();

  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_FALSE((*answer->value)->forced);
}

TEST_F(EngineKillsTest, WhatCannotBeAskedIsEndedAtOnce) {
  const EngineId id = ReadyEngine("alice");
  directory_.SetStale(true);

  const KillAnswer answer = Kill(id, 1h);

  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_TRUE((*answer->value)->forced);
  EXPECT_EQ(launcher_.killed(), std::vector<EngineId>{id});
}

TEST_F(EngineKillsTest, AnEngineThatWasAskedIsNotUsedAgainWhenItRegistersAnew) {
  const EngineId id = ReadyEngine("alice");
  Kill(id);
  directory_.SetStale(true);
  directory_.SetStale(false);
  discovery::EngineRecord record = Record(id, Key("alice"), launcher_.running()[id]);
  record.application_id = "another";

  Register(record);

  EXPECT_EQ(PresenceFor(Key("alice")), kGone);
}

TEST_F(EngineKillsTest, WhoeverWaitsForAnEngineDoesNotGetOneThatIsKilled) {
  Register(RemoteRecord(EngineId("killed"), Key("alice")));
  Kill(EngineId("killed"));
  directory_.HoldLockElsewhere(Key("alice"));
  const EngineAnswer answer = Ask(Key("alice"));
  discovery::EngineRecord record = RemoteRecord(EngineId("killed"), Key("alice"));
  record.application_id = "another";

  Register(record);

  EXPECT_EQ(answer->times, 0);
}

TEST_F(EngineKillsTest, AGatewayThatLeavesItsEnginesBehindGivesUpItsLaunches) {
  const EngineId ready = ReadyEngine("alice");
  const EngineAnswer launch = Ask(Key("bob"));
  const EngineId launching = launcher_.launches().at(1).id;
  launcher_.HoldRemoteKills();
  int done = 0;

  broker_->GiveUpLaunches([&done] { ++done; });
  core_.RunUntilIdle();

  EXPECT_EQ(launcher_.killed(), std::vector{launching});
  EXPECT_EQ(PresenceOf(ready), kLive);
  ASSERT_TRUE(launch->value && !launch->value->has_value());
  EXPECT_EQ(RowOf(launching).state, "dead") << "the next gateway need not look for it";
  EXPECT_EQ(Ask(Key("late"))->value->error().code, Code::kUnavailable);
  EXPECT_EQ(done, 0) << "a cluster manager may have it";
  launcher_.ReleaseRemoteKills();
  core_.RunUntilIdle();
  EXPECT_EQ(done, 1);
}

TEST_F(EngineKillsTest, AGatewayTakesItsOwnEnginesWithIt) {
  const EngineId ready = ReadyEngine("alice");
  Ask(Key("bob"));
  const EngineId launching = launcher_.launches().at(1).id;
  Register(RemoteRecord(EngineId("remote"), Key("carol")));
  int done = 0;

  broker_->KillOwn({"foxfired", "the gateway stops", 10s, ""}, [&done] { ++done; });
  core_.RunUntilIdle();
  EXPECT_EQ(done, 0) << "one engine is still ending";
  core_.Advance(15s);

  EXPECT_EQ(done, 1);
  EXPECT_EQ(launcher_.killed(), (std::vector<EngineId>{launching, ready}));
  EXPECT_EQ(PresenceOf(EngineId("remote")), kLive);
}

TEST_F(EngineKillsTest, AGatewayLeavesItsNeighboursEnginesAlone) {
  Register(Record(EngineId("neighbour's"), Key("carol")));
  int done = 0;

  broker_->KillOwn({"foxfired", "the gateway stops", 10s, ""}, [&done] { ++done; });
  core_.RunUntilIdle();

  EXPECT_EQ(done, 1);
  EXPECT_TRUE(launcher_.killed().empty());
  EXPECT_EQ(PresenceOf(EngineId("neighbour's")), kLive);
}

TEST_F(EngineKillsTest, AGatewayThatStopsStartsNoEngineAnyMore) {
  for (size_t i = 0; i < options_.concurrent_launches; ++i) Ask(Key("user" + std::to_string(i)));
  const EngineAnswer queued = Ask(Key("last"));

  broker_->KillOwn({"foxfired", "the gateway stops", 10s, ""}, [] {});
  core_.RunUntilIdle();
  const EngineAnswer late = Ask(Key("late"));

  EXPECT_EQ(launcher_.launches().size(), options_.concurrent_launches);
  for (const EngineAnswer& answer : {queued, late}) {
    ASSERT_EQ(answer->times, 1);
    EXPECT_EQ(answer->value->error().code, Code::kUnavailable);
  }
}

TEST_F(EngineKillsTest, AGatewayWithoutEnginesIsDoneAtOnce) {
  int done = 0;

  broker_->KillOwn({"foxfired", "the gateway stops", 10s, ""}, [&done] { ++done; });
  core_.RunUntilIdle();

  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace foxfire::server
