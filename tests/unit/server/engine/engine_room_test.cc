// Launches that wait for room: limits on engines, the queue, its bound and its end.
#include <algorithm>

#include "tests/unit/server/engine/engine_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class EngineRoomTest : public EngineWorld {
 protected:
  static bool Contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
};

TEST_F(EngineRoomTest, WhoeverFindsNoRoomWaitsForIt) {
  options_.engines_max = 1;
  StartBroker();
  const EngineId alices = ReadyEngine("alice");

  const EngineAnswer bob = Ask(Key("bob"));

  EXPECT_EQ(launcher_.launches().size(), 1U);
  const std::vector<LaunchStatus> waiting = Launches();
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(waiting[0].key, Key("bob"));
  EXPECT_EQ(waiting[0].place, 1U);
  EXPECT_EQ(waiting[0].callers, 1U);
  EXPECT_TRUE(Contains(waiting[0].waits_for, "limits.engines"));
  launcher_.End(alices, "exit status 0");
  core_.RunUntilIdle();
  ASSERT_EQ(launcher_.launches().size(), 2U) << "there is room again";
  EXPECT_EQ(Launches()[0].place, std::nullopt);
  RegisterLaunched(1);
  EXPECT_TRUE(bob->value->has_value());
  EXPECT_TRUE(Launches().empty());
}

TEST_F(EngineRoomTest, WaitingForRoomHasAnEndAndNoPunishment) {
  options_.engines_max = 1;
  options_.queue_timeout = 20s;
  StartBroker();
  const EngineId alices = ReadyEngine("alice");
  const EngineAnswer bob = Ask(Key("bob"));

  core_.Advance(20s);

  ASSERT_TRUE(bob->value && !bob->value->has_value());
  EXPECT_EQ(bob->value->error().code, Code::kResourceExhausted);
  EXPECT_TRUE(Contains(bob->value->error().message, "limits.queue_timeout"));
  EXPECT_TRUE(Contains(bob->value->error().message, "limits.engines"));
  EXPECT_TRUE(Launches().empty());
  launcher_.End(alices, "exit status 0");
  core_.RunUntilIdle();
  EXPECT_EQ(Ask(Key("bob"))->times, 0) << "no back-off: it is being launched";
  EXPECT_EQ(launcher_.launches().size(), 2U);
}

TEST_F(EngineRoomTest, TheTimeInTheQueueIsNotTheLaunchs) {
  options_.engines_max = 1;
  options_.queue_timeout = 1h;
  options_.launch_timeout = 10s;
  StartBroker();
  const EngineId alices = ReadyEngine("alice");
  const EngineAnswer bob = Ask(Key("bob"));
  core_.Advance(30min);
  EXPECT_EQ(bob->times, 0);

  launcher_.End(alices, "exit status 0");
  core_.Advance(9s);
  EXPECT_EQ(bob->times, 0);
  core_.Advance(1s);

  ASSERT_TRUE(bob->value && !bob->value->has_value());
  EXPECT_TRUE(Contains(bob->value->error().message, "engine.launch_timeout"));
}

TEST_F(EngineRoomTest, TheQueueIsBoundedAndOneOwnerCannotFillIt) {
  options_.engines_max = 1;
  options_.queued_max = 2;
  StartBroker();
  ReadyEngine("alice");
  const EngineAnswer first = Ask({ShareLevel::kUser, "bob", "default", "1"});
  const EngineAnswer second = Ask({ShareLevel::kUser, "bob", "default", "2"});

  const EngineAnswer third = Ask({ShareLevel::kUser, "bob", "default", "3"});
  const EngineAnswer carol = Ask(Key("carol"));

  ASSERT_TRUE(third->value && !third->value->has_value());
  EXPECT_EQ(third->value->error().code, Code::kResourceExhausted);
  EXPECT_TRUE(Contains(third->value->error().message, "limits.queued_launches"));
  ASSERT_TRUE(second->value && !second->value->has_value()) << "it has made room";
  EXPECT_EQ(first->times, 0);
  EXPECT_EQ(carol->times, 0);
  EXPECT_EQ(Launches().size(), 2U);
}

TEST_F(EngineRoomTest, AFullQueueDoesNotHoldUpWhoeverHasRoom) {
  options_.engines_per_user = 1;
  options_.queued_max = 1;
  options_.concurrent_launches = 4;
  StartBroker();
  ReadyEngine("alice");
  Ask({ShareLevel::kUser, "alice", "default", "2"});

  EXPECT_EQ(Ask(Key("bob"))->times, 0);
  EXPECT_EQ(launcher_.launches().size(), 2U);
}

TEST_F(EngineRoomTest, WhoeverWaitsForRoomLeavesTheLaunchToOtherGateways) {
  options_.engines_max = 1;
  StartBroker();
  const EngineId alices = ReadyEngine("alice");
  const EngineAnswer bob = Ask(Key("bob"));

  EXPECT_FALSE(directory_.HoldsLock(Key("bob")));
  Register(RemoteRecord(EngineId("theirs"), Key("bob")));

  ASSERT_TRUE(bob->value && bob->value->has_value());
  EXPECT_EQ((**bob->value)->id, EngineId("theirs"));
  EXPECT_TRUE(Launches().empty());
  launcher_.End(alices, "exit status 0");
  core_.RunUntilIdle();
  EXPECT_EQ(launcher_.launches().size(), 1U);
}

TEST_F(EngineRoomTest, AnEngineOfAnotherMachineThatIsGoneMakesRoomAtOnce) {
  options_.cluster_engines_max = 1;
  StartBroker();
  const auto theirs = RemoteRecord(EngineId("theirs"), Key("alice"));
  Register(theirs);
  Ask(Key("bob"));
  EXPECT_TRUE(launcher_.launches().empty());

  directory_.DropEngine(theirs.id);
  core_.RunUntilIdle();

  EXPECT_EQ(launcher_.launches().size(), 1U);
}

TEST_F(EngineRoomTest, OwnersHaveLimitsOfTheirOwnAndDoNotHoldUpOthers) {
  options_.engines_per_user = 2;
  options_.engines_per_group = 1;
  options_.concurrent_launches = 100;
  StartBroker();
  const auto subdomain = [](const std::string& user, const std::string& name) {
    return EngineKey{ShareLevel::kUser, user, "default", name};
  };
  Ask(subdomain("alice", "a"));
  Ask({ShareLevel::kConnection, "alice/11111111-2222-3333-4444-555555555555"});
  Ask(subdomain("alice", "c"));
  Ask({ShareLevel::kGroup, "alice"});
  Ask({ShareLevel::kGroup, "alice", "etl"});
  Ask(Key("bob"));
  Ask({ShareLevel::kServer, "foxfire"});

  EXPECT_EQ(launcher_.launches().size(), 5U);
  const std::vector<LaunchStatus> waiting = Launches();
  ASSERT_EQ(waiting.size(), 7U);
  EXPECT_EQ(waiting[5].key, subdomain("alice", "c"));
  EXPECT_TRUE(Contains(waiting[5].waits_for, "limits.engines_per_user"));
  EXPECT_EQ(waiting[6].key, (EngineKey{ShareLevel::kGroup, "alice", "etl"}));
  EXPECT_TRUE(Contains(waiting[6].waits_for, "limits.engines_per_group"));
}

TEST_F(EngineRoomTest, EnginesOfOtherGatewaysCountForTheCluster) {
  options_.cluster_engines_max = 1;
  StartBroker();
  Register(RemoteRecord(EngineId("theirs"), Key("alice")));

  Ask(Key("bob"));

  EXPECT_TRUE(launcher_.launches().empty());
  ASSERT_EQ(Launches().size(), 1U);
  EXPECT_TRUE(Contains(Launches()[0].waits_for, "limits.cluster_engines"));
}

}  // namespace
}  // namespace foxfire::server
