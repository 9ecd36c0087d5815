// Engines that are started before anybody has asked for them.
#include <gmock/gmock.h>

#include "tests/unit/server/engine/engine_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class EngineAheadTest : public EngineWorld {
 protected:
  // Whose engine has begun to start.
  std::vector<std::string> StartAhead(const std::vector<std::string>& users) {
    std::vector<EngineDemand> demands;
    for (const std::string& user : users) demands.push_back({Key(user), user});
    std::vector<std::string> begun;
    broker_->StartAhead(std::move(demands),
                        [&begun](const EngineKey& key) { begun.push_back(key.owner); });
    core_.RunUntilIdle();
    return begun;
  }
};

TEST_F(EngineAheadTest, StartsTheFirstThatHasNoEngineAndNoOther) {
  StartBroker();
  ReadyEngine("alice");

  EXPECT_THAT(StartAhead({"alice", "bob", "carol"}), ElementsAre("bob"));

  ASSERT_EQ(launcher_.launches().size(), 2U);
  EXPECT_EQ(launcher_.launches().back().key, Key("bob"));
  EXPECT_EQ(launcher_.launches().back().run_as, "bob");
}

TEST_F(EngineAheadTest, ItsUserSharesTheLaunch) {
  StartBroker();
  StartAhead({"alice"});

  const EngineAnswer answer = Ask(Key("alice"));
  const EngineId engine = RegisterLaunched();

  ASSERT_EQ(answer->times, 1);
  ASSERT_TRUE(*answer->value);
  EXPECT_EQ((**answer->value)->id, engine);
  EXPECT_EQ(launcher_.launches().size(), 1U);
}

TEST_F(EngineAheadTest, WaitsForLaunchesThatAreUnderWay) {
  options_.concurrent_launches = 4;
  StartBroker();
  Ask(Key("alice"));
  EXPECT_THAT(StartAhead({"bob"}), IsEmpty());

  RegisterLaunched();

  EXPECT_THAT(StartAhead({"bob"}), ElementsAre("bob"));
  EXPECT_THAT(StartAhead({"carol"}), IsEmpty()) << "one ahead is one under way";
}

TEST_F(EngineAheadTest, WaitsForThoseWhoWaitForRoom) {
  options_.engines_per_user = 1;
  StartBroker();
  ReadyEngine("alice");
  EngineKey another = Key("alice");
  another.subdomain = "another";
  Ask(another);

  EXPECT_THAT(StartAhead({"bob"}), IsEmpty());
}

TEST_F(EngineAheadTest, LeavesHalfOfTheRoomToThoseWhoAsk) {
  options_.engines_max = 4;
  StartBroker();
  const EngineId first = ReadyEngine("alice");
  ReadyEngine("bob");
  Register(RemoteRecord(EngineId("elsewhere"), Key("dan")));
  EXPECT_THAT(StartAhead({"carol"}), IsEmpty());

  launcher_.End(first, "exit status 0");
  core_.RunUntilIdle();

  EXPECT_THAT(StartAhead({"carol"}), ElementsAre("carol"));
}

TEST_F(EngineAheadTest, LeavesHalfOfTheClustersRoom) {
  options_.cluster_engines_max = 4;
  StartBroker();
  Register(RemoteRecord(EngineId("elsewhere"), Key("dan")));
  Register(RemoteRecord(EngineId("elsewhere-2"), Key("eve")));
  EXPECT_THAT(StartAhead({"carol"}), IsEmpty());

  directory_.DropEngine(EngineId("elsewhere"));
  core_.Advance(options_.forget_after);

  EXPECT_THAT(StartAhead({"carol"}), ElementsAre("carol"));
}

TEST_F(EngineAheadTest, WhatAnotherGatewayStartsIsNoneOfOurs) {
  StartBroker();
  directory_.HoldLockElsewhere(Key("alice"));

  EXPECT_THAT(StartAhead({"alice"}), IsEmpty());

  EXPECT_THAT(launcher_.launches(), IsEmpty());
  EXPECT_THAT(StartAhead({"bob"}), IsEmpty()) << "callers may wait for that launch, too";
}

TEST_F(EngineAheadTest, KeepsToTheLimitsOfUsers) {
  options_.engines_per_user = 1;
  StartBroker();
  EngineKey another = Key("alice");
  another.subdomain = "another";
  Ask(another);
  Register(Record(launcher_.launches().front().id, another));

  EXPECT_THAT(StartAhead({"alice", "bob"}), ElementsAre("bob"));
}

TEST_F(EngineAheadTest, WaitsForZooKeeper) {
  StartBroker();
  directory_.SetStale(true);
  core_.RunUntilIdle();
  EXPECT_THAT(StartAhead({"alice"}), IsEmpty());

  directory_.SetStale(false);
  core_.RunUntilIdle();

  EXPECT_THAT(StartAhead({"alice"}), ElementsAre("alice"));
}

TEST_F(EngineAheadTest, WaitsUntilItIsKnownWhichEnginesThereAre) {
  directory_.SetSynced(false);
  StartBroker();
  core_.Advance(1min);
  EXPECT_THAT(StartAhead({"alice"}), IsEmpty());

  directory_.SetSynced(true);
  core_.RunUntilIdle();

  EXPECT_THAT(StartAhead({"alice"}), ElementsAre("alice"));
}

TEST_F(EngineAheadTest, LeavesOutAKeyWhoseLaunchHasJustFailed) {
  StartBroker();
  launcher_.FailLaunches(Error{Code::kFailedPrecondition, "no java"});
  EXPECT_THAT(StartAhead({"alice"}), ElementsAre("alice"));
  EXPECT_EQ(CountEvents(event::kEngineLaunchFailed), 1U);
  launcher_.FailLaunches(std::nullopt);

  EXPECT_THAT(StartAhead({"alice"}), IsEmpty());
  core_.Advance(options_.launch_backoff);
  EXPECT_THAT(StartAhead({"alice"}), ElementsAre("alice"));
}

TEST_F(EngineAheadTest, StartsNothingOnceTheGatewayStops) {
  StartBroker();
  broker_->KillOwn({"root", "it stops", 1s, ""}, [] {});
  core_.RunUntilIdle();

  EXPECT_THAT(StartAhead({"alice"}), IsEmpty());
}

}  // namespace
}  // namespace foxfire::server
