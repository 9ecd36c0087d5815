// Launches whose callers end while they wait.
#include <atomic>

#include "tests/unit/server/engine/engine_world.h"

namespace foxfire::server {
namespace {

class AbandonedLaunchesTest : public EngineWorld {
 protected:
  using Over = std::shared_ptr<std::atomic<bool>>;

  EngineAnswer AskUntil(const Over& over, const std::string& user) {
    auto answer = std::make_shared<Answer<Result<LiveEnginePtr>>>();
    broker_->Acquire(EngineDemand{Key(user), user}, KeepIn(answer), over);
    core_.RunUntilIdle();
    return answer;
  }
  const Over over_ = std::make_shared<std::atomic<bool>>(false);
};

TEST_F(AbandonedLaunchesTest, AQueuedLaunchEndsWithTheLastOfItsCallers) {
  options_.concurrent_launches = 1;
  StartBroker();
  Ask(Key("first"));
  const EngineAnswer gone = AskUntil(over_, "gone");
  const EngineAnswer shared = AskUntil(over_, "shared");
  const EngineAnswer stays = Ask(Key("shared"));

  over_->store(true);
  const std::vector<LaunchStatus> queue = Launches();
  RegisterLaunched();

  ASSERT_EQ(queue.size(), 3U);
  EXPECT_EQ(queue[1].callers, 0U);
  EXPECT_EQ(queue[2].callers, 1U);
  ASSERT_EQ(launcher_.launches().size(), 2U);
  EXPECT_EQ(launcher_.launches()[1].key, Key("shared")) << "nobody waits for the one before it";
  ASSERT_EQ(gone->times, 1);
  EXPECT_EQ(gone->value->error().code, Code::kCancelled);
  EXPECT_EQ(stays->times, 0);
}

TEST_F(AbandonedLaunchesTest, ALaunchThatHasBegunGoesOn) {
  StartBroker();
  AskUntil(over_, "alice");
  over_->store(true);

  RegisterLaunched();

  EXPECT_EQ(PresenceFor(Key("alice")), kLive);
}

TEST_F(AbandonedLaunchesTest, CallsThatAreOverDoNotCountAsHeld) {
  options_.waiting_max = 2;
  StartBroker();
  Ask(Key("alice"));
  AskUntil(over_, "alice");
  over_->store(true);

  const EngineAnswer next = Ask(Key("alice"));
  RegisterLaunched();

  ASSERT_TRUE(next->value);
  EXPECT_TRUE(next->value->has_value());
}

TEST_F(AbandonedLaunchesTest, AnAbandonedLaunchMakesRoomInTheQueue) {
  options_.concurrent_launches = 1;
  options_.queued_max = 1;
  StartBroker();
  Ask(Key("first"));
  const EngineAnswer gone = AskUntil(over_, "gone");
  over_->store(true);

  const EngineAnswer next = Ask(Key("next"));

  EXPECT_EQ(gone->times, 1);
  EXPECT_EQ(next->times, 0) << "it waits";
}

}  // namespace
}  // namespace foxfire::server
