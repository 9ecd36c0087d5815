#include "server/engine/engine_kills.h"

#include "tests/unit/server/engine/engine_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class EngineKillsTest : public EngineWorld {
 protected:
  void SetUp() override { StartBroker(); }
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

TEST_F(EngineKillsTest, AnEngineOfAnotherMachineCannotBeForced) {
  Register(RemoteRecord(EngineId("remote"), Key("alice")));
  const KillAnswer answer = Kill(EngineId("remote"), 10s);
  EXPECT_TRUE(directory_.Control(EngineId("remote")));

  core_.Advance(15s);

  ASSERT_TRUE(answer->value && !answer->value->has_value());
  EXPECT_EQ(answer->value->error().code, Code::kDeadlineExceeded);
  EXPECT_NE(answer->value->error().message.find("another machine"), std::string::npos);
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
