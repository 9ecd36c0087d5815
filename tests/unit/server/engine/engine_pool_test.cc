// Keys that may have several engines.
#include "tests/unit/server/engine/engine_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class EnginePoolTest : public EngineWorld {
 protected:
  EngineDemand Demand() const {
    EngineDemand demand{Key("alice"), "alice"};
    demand.pool_size = 3;
    demand.pool_load = 2;
    return demand;
  }
  EngineId Choose() {
    const LiveEnginePtr engine = broker_->Choose(Demand());
    if (engine != nullptr) broker_->NoteNewSession(engine->id);
    core_.RunUntilIdle();
    return engine == nullptr ? EngineId() : engine->id;
  }
  void ReportLoad(const EngineId& id, int64_t sessions, int64_t operations) {
    discovery::EngineRecord record = *directory_.View()->Find(id);
    record.sessions = sessions;
    record.operations = operations;
    Register(record);
  }
  // An engine of the pool that somebody else has launched.
  EngineId AddEngine() {
    clock_.Advance(1s);
    EngineId id(NewUuid());
    discovery::EngineRecord record = RemoteRecord(id, Key("alice"));
    record.sessions = record.operations = 0;
    Register(record);
    return id;
  }
};

TEST_F(EnginePoolTest, NewSessionsGoToTheLeastLoadedOfAllGateways) {
  StartBroker();
  const EngineId first = AddEngine();
  const EngineId second = AddEngine();
  ReportLoad(first, 1, 1);
  ReportLoad(second, 1, 0);

  EXPECT_EQ(Choose(), second);
}

TEST_F(EnginePoolTest, WhatWasJustSentThereCountsBeforeTheEngineSaysSo) {
  StartBroker();
  const EngineId first = AddEngine();
  const EngineId second = AddEngine();

  EXPECT_EQ(Choose(), first) << "of equal ones the oldest";
  EXPECT_EQ(Choose(), second);
  EXPECT_EQ(Choose(), first);
}

TEST_F(EnginePoolTest, GrowsWhenAllAreBusyAndKeepsServingMeanwhile) {
  StartBroker();
  const EngineId first = AddEngine();
  ReportLoad(first, 1, 0);
  EXPECT_EQ(Choose(), first);
  EXPECT_TRUE(launcher_.launches().empty());

  EXPECT_EQ(Choose(), first) << "nobody waits for the new one";
  ASSERT_EQ(launcher_.launches().size(), 1U);
  EXPECT_TRUE(launcher_.launches()[0].report_load);
  EXPECT_EQ(Choose(), first);
  EXPECT_EQ(launcher_.launches().size(), 1U) << "one at a time";

  const EngineId second = RegisterLaunched();
  EXPECT_EQ(Choose(), second);
}

TEST_F(EnginePoolTest, StaysAtItsSize) {
  StartBroker();
  for (int i = 0; i < 3; ++i) ReportLoad(AddEngine(), 9, 0);

  Choose();

  EXPECT_TRUE(launcher_.launches().empty());
}

TEST_F(EnginePoolTest, ALaunchThatFailsIsNotRepeatedWithEachSession) {
  StartBroker();
  ReportLoad(AddEngine(), 9, 0);
  launcher_.FailLaunches(Error{Code::kFailedPrecondition, "no memory"});
  Choose();
  ASSERT_EQ(launcher_.launches().size(), 1U);

  Choose();
  EXPECT_EQ(launcher_.launches().size(), 1U);
  core_.Advance(6s);
  Choose();
  EXPECT_EQ(launcher_.launches().size(), 2U);
}

TEST_F(EnginePoolTest, OneThatDoesNotReportIsJudgedByWhatThisGatewayKnows) {
  StartBroker();
  const EngineId first(NewUuid());
  Register(RemoteRecord(first, Key("alice")));
  OpenSession("alice", "s1", first);
  OpenSession("alice", "s2", first);

  EXPECT_EQ(Choose(), first);
  EXPECT_EQ(launcher_.launches().size(), 1U) << "two sessions are its load";
}

TEST_F(EnginePoolTest, WhoeverWaitsForALaunchGoesBeforeGrowth) {
  options_.concurrent_launches = 1;
  StartBroker();
  ReportLoad(AddEngine(), 9, 0);
  Ask(Key("bob"));
  Ask(Key("carol"));

  Choose();

  EXPECT_EQ(Launches().size(), 2U);
}

TEST_F(EnginePoolTest, AReportOfLoadIsNoNewEngine) {
  StartBroker();
  const EngineId id = AddEngine();

  ReportLoad(id, 5, 2);

  EXPECT_EQ(CountEvents(event::kEngineReady), 1U);
}

TEST_F(EnginePoolTest, WithoutAPoolSessionsGatherOnTheOldest) {
  StartBroker();
  const EngineId first = AddEngine();
  ReportLoad(first, 9, 9);
  AddEngine();

  EXPECT_EQ(broker_->Choose(EngineDemand{Key("alice"), "alice"})->id, first);
}

}  // namespace
}  // namespace foxfire::server
