#include "server/engine/launch_failures.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class LaunchFailuresTest : public testing::Test {
 protected:
  static EngineKey Key(const std::string& user) {
    return {ShareLevel::kUser, user, "default", "default"};
  }
  void Fail(const std::string& user, const std::string& why = "no such Spark") {
    failures_.Add(Key(user), {Code::kFailedPrecondition, why}, clock_);
  }
  bool Pauses(const std::string& user) const {
    return failures_.Current(Key(user), clock_.Now()) != nullptr;
  }
  std::vector<LaunchFailure> List() const { return failures_.List(clock_.Now()); }

  FakeClock clock_;
  LaunchFailures failures_{10s, 40s};
};

TEST_F(LaunchFailuresTest, AKeyPausesForAsLongAsItsFailuresInARowSay) {
  for (const Duration pause : {10s, 20s, 40s, 40s}) {
    Fail("alice", "no such Spark");
    ASSERT_TRUE(Pauses("alice"));
    EXPECT_EQ(failures_.Current(Key("alice"), clock_.Now())->message, "no such Spark");
    EXPECT_FALSE(Pauses("bob"));

    clock_.Advance(pause - 1s);
    EXPECT_TRUE(Pauses("alice"));
    clock_.Advance(1s);
    EXPECT_FALSE(Pauses("alice"));
  }
  EXPECT_EQ(List().at(0).count, 4U);
}

TEST_F(LaunchFailuresTest, WhatIsMendedIsForgotten) {
  Fail("alice");

  failures_.Clear(Key("alice"));

  EXPECT_FALSE(Pauses("alice"));
  EXPECT_TRUE(List().empty());
  Fail("alice");
  EXPECT_EQ(List().at(0).count, 1U);
}

TEST_F(LaunchFailuresTest, ListsTheOldestFirstWithTheTimeOfTheNextTry) {
  Fail("bob");
  clock_.Advance(1s);
  Fail("alice");

  const std::vector<LaunchFailure> list = List();

  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].key, Key("bob"));
  EXPECT_EQ(list[1].key, Key("alice"));
  EXPECT_EQ(list[1].last, clock_.WallNow());
  EXPECT_EQ(list[1].retry_at, clock_.WallNow() + 10s);
}

TEST_F(LaunchFailuresTest, OldOnesAreNotListedAndCountNoMore) {
  Fail("alice");
  clock_.Advance(10s + 9min);
  EXPECT_EQ(List().size(), 1U);

  clock_.Advance(2min);
  EXPECT_TRUE(List().empty());
  Fail("alice");

  EXPECT_EQ(List().at(0).count, 1U);
}

}  // namespace
}  // namespace foxfire::server
