#include "tests/fakes/fake_launcher.h"

#include <gtest/gtest.h>

namespace foxfire::launcher {
namespace {

class FakeLauncherTest : public testing::Test {
 protected:
  FakeLauncherTest() {
    launcher_.OnExit([this](EngineExit ended) { exits_.push_back(std::move(ended)); });
  }
  std::optional<Result<int64_t>> Launch(const char* id) {
    LaunchRequest request;
    request.id = EngineId(id);
    launcher_.Launch(request, [this](Result<int64_t> pid) { answer_ = pid; });
    return answer_;
  }

  FakeLauncher launcher_;
  std::vector<EngineExit> exits_;
  std::optional<Result<int64_t>> answer_;
};

TEST_F(FakeLauncherTest, LaunchesAndKills) {
  ASSERT_TRUE(Launch("a").value());
  EXPECT_TRUE(launcher_.ResidentBytes(**answer_));

  EXPECT_TRUE(launcher_.Kill(EngineId("a")));

  ASSERT_EQ(exits_.size(), 1U);
  EXPECT_EQ(exits_[0].how, "signal 9");
  EXPECT_FALSE(launcher_.Kill(EngineId("a")));
}

TEST_F(FakeLauncherTest, FailsWhenTold) {
  launcher_.FailLaunches(Error{Code::kFailedPrecondition, "no Java"});

  EXPECT_FALSE(Launch("a").value());
  EXPECT_TRUE(launcher_.running().empty());
}

TEST_F(FakeLauncherTest, HoldsWhenTold) {
  launcher_.HoldLaunches();
  EXPECT_FALSE(Launch("a"));

  launcher_.ReleaseLaunches();

  EXPECT_TRUE(answer_);
}

TEST_F(FakeLauncherTest, AdoptsOnlyWhatRuns) {
  launcher_.SetGone(7);
  launcher_.Adopt(EngineId("a"), 7);
  launcher_.Adopt(EngineId("b"), 8);

  ASSERT_EQ(exits_.size(), 1U);
  EXPECT_EQ(exits_[0].id, EngineId("a"));
  EXPECT_EQ(launcher_.running().count(EngineId("b")), 1U);
}

}  // namespace
}  // namespace foxfire::launcher
