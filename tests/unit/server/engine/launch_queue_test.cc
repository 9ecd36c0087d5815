#include "server/engine/launch_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace foxfire::server {
namespace {

EngineKey Key(const std::string& owner, const std::string& subdomain = "default") {
  return {ShareLevel::kUser, owner, "default", subdomain};
}
bool Any(const EngineKey&) { return true; }

// "alice/1 bob/1 …", in the order in which they start.
std::string Drained(LaunchQueue& queue) {
  std::string order;
  while (const auto item = queue.TakeNext(Any)) {
    order += (order.empty() ? "" : " ") + item->key.owner + "/" + item->key.subdomain;
  }
  return order;
}

TEST(LaunchQueueTest, OwnersTakeTurns) {
  LaunchQueue queue;
  for (const char* n : {"1", "2", "3"}) queue.Add("alice", {Key("alice", n), 1});
  queue.Add("bob", {Key("bob", "1"), 4});
  queue.Add("carol", {Key("carol", "1"), 5});
  queue.Add("bob", {Key("bob", "2"), 6});

  EXPECT_EQ(queue.size(), 6U);
  EXPECT_EQ(Drained(queue), "alice/1 bob/1 carol/1 alice/2 bob/2 alice/3");
  EXPECT_EQ(queue.size(), 0U);
}

TEST(LaunchQueueTest, WhoeverMayNotStartIsPassedOver) {
  LaunchQueue queue;
  queue.Add("alice", {Key("alice"), 1});
  queue.Add("bob", {Key("bob"), 2});

  const auto next = queue.TakeNext([](const EngineKey& key) { return key.owner == "bob"; });
  ASSERT_TRUE(next);
  EXPECT_EQ(next->number, 2U);
  EXPECT_FALSE(queue.TakeNext([](const EngineKey&) { return false; }));
  EXPECT_EQ(Drained(queue), "alice/default");
}

TEST(LaunchQueueTest, ThePlaceIsTheOneInWhichItWouldStart) {
  LaunchQueue queue;
  std::vector<EngineKey> keys;
  for (const char* owner : {"alice", "alice", "bob", "alice", "carol", "bob"}) {
    keys.push_back(Key(owner, std::to_string(keys.size())));
    queue.Add(owner, {keys.back(), keys.size()});
  }
  EXPECT_EQ(queue.PlaceOf(Key("dave")), std::nullopt);
  while (queue.size() > 0) {
    for (const EngineKey& key : keys) {
      const auto place = queue.PlaceOf(key);
      if (!place) continue;
      LaunchQueue copy = queue;
      for (size_t i = 1; i < *place; ++i) copy.TakeNext(Any);
      EXPECT_EQ(copy.TakeNext(Any)->key, key);
    }
    queue.TakeNext(Any);
  }
}

TEST(LaunchQueueTest, WhoeverLeavesMakesRoom) {
  LaunchQueue queue;
  queue.Add("alice", {Key("alice"), 1});
  queue.Add("bob", {Key("bob"), 2});

  queue.Remove(Key("alice"));
  queue.Remove(Key("nobody"));

  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.PlaceOf(Key("bob")), 1U);
  EXPECT_EQ(Drained(queue), "bob/default");
}

}  // namespace
}  // namespace foxfire::server
