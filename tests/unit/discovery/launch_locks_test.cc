#include "discovery/launch_locks.h"

#include "tests/unit/discovery/fake_zookeeper_fixture.h"
#include "tests/unit/discovery/sample_records.h"

namespace foxfire::discovery {
namespace {

using Op = FakeZooKeeper::Op;

class LaunchLocksTest : public FakeZooKeeperTest {
 protected:
  void SetUp() override {
    MakeParents();
    on_link_ = [this](LinkState state) {
      if (state != LinkState::kConnected) return locks_.Disconnected();
      locks_.Connected(std::exchange(session_, client_->session_id()) != client_->session_id());
    };
    on_watch_ = [this](NodeEvent, const std::string& path) { locks_.HandleEvent(path); };
    Open();
  }
  Result<bool> Acquire() {
    return Call<bool>([&](auto done) { locks_.Acquire(key_, done); });
  }
  Result<void> Release() {
    return Call<void>([&](auto done) { locks_.Release(key_, done); });
  }
  bool IsTaken() const { return zookeeper_.Data(path_).has_value(); }

  const EngineKey key_ = KeyOf("alice");
  const std::string path_ = layout_.Launch(key_);
  LaunchLocks locks_{*client_, layout_, [] { return std::string("data"); }};
  int64_t session_ = 0;
};

TEST_F(LaunchLocksTest, HoldsAnEphemeralNode) {
  EXPECT_EQ(Acquire(), true);

  EXPECT_EQ(zookeeper_.Owner(path_), client_->session_id());
  EXPECT_EQ(zookeeper_.Data(path_), "data");
}

TEST_F(LaunchLocksTest, LosesItsLocksWithTheSession) {
  EXPECT_EQ(Acquire(), true);
  zookeeper_.Expire();
  executor_.RunUntilIdle();
  zookeeper_.Put(path_, "other", 99);

  EXPECT_EQ(Acquire(), false);
  EXPECT_TRUE(Release().has_value());
  EXPECT_TRUE(IsTaken()) << "what another gateway holds now must not be released";
}

TEST_F(LaunchLocksTest, TakesTheNodeOfAnEarlierSessionForAnothers) {
  zookeeper_.Put(path_, "mine, long ago", client_->session_id() - 1);

  EXPECT_EQ(Acquire(), false);
}

TEST_F(LaunchLocksTest, KeepsALockAcrossABrokenConnection) {
  EXPECT_EQ(Acquire(), true);

  zookeeper_.Down();
  executor_.RunUntilIdle();
  zookeeper_.Up();
  executor_.RunUntilIdle();

  EXPECT_EQ(Acquire(), false);
  EXPECT_TRUE(Release().has_value());
  EXPECT_FALSE(IsTaken());
}

TEST_F(LaunchLocksTest, ClearsUpALockWhoseAnswerWasLost) {
  zookeeper_.LoseNextAnswer(Op::kCreate);

  EXPECT_EQ(Acquire().error().code, Code::kUnavailable);

  EXPECT_FALSE(IsTaken());
  EXPECT_EQ(Acquire(), true);
}

TEST_F(LaunchLocksTest, TakesOverALockWhoseAnswerWasLost) {
  zookeeper_.LoseNextAnswer(Op::kCreate);
  std::vector<Result<bool>> answers;
  // Begun before the connection is lost, so the second one comes before the clearing up.
  locks_.Acquire(key_, [&](Result<bool> answer) {
    answers.push_back(answer);
    locks_.Acquire(key_, [&](Result<bool> again) { answers.push_back(again); });
  });
  executor_.RunUntilIdle();

  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].error().code, Code::kUnavailable);
  EXPECT_EQ(answers[1], true);
  EXPECT_TRUE(IsTaken());
  EXPECT_EQ(Acquire(), false);
}

TEST_F(LaunchLocksTest, GivesALockBackOnceItCan) {
  EXPECT_EQ(Acquire(), true);
  zookeeper_.Down();
  executor_.RunUntilIdle();
  EXPECT_EQ(Release().error().code, Code::kUnavailable);
  EXPECT_TRUE(IsTaken());

  zookeeper_.Up();
  executor_.RunUntilIdle();

  EXPECT_FALSE(IsTaken());
}

TEST_F(LaunchLocksTest, ForgetsADoubtfulLockThatAnotherTookMeanwhile) {
  zookeeper_.Down();
  executor_.RunUntilIdle();
  EXPECT_EQ(Acquire().error().code, Code::kUnavailable);
  zookeeper_.Put(path_, "other", 99);

  zookeeper_.Up();
  executor_.RunUntilIdle();

  EXPECT_TRUE(IsTaken());
  EXPECT_EQ(Acquire(), false);
}

TEST_F(LaunchLocksTest, DoesWhatIsAskedOfOneLockInOrder) {
  std::vector<std::string> answers;
  locks_.Acquire(key_, [&](Result<bool> taken) { answers.push_back(*taken ? "taken" : "not"); });
  locks_.Release(key_, [&](Result<void>) { answers.push_back("released"); });
  locks_.Release(key_, [&](Result<void>) { answers.push_back("released"); });
  locks_.Acquire(key_, [&](Result<bool> taken) { answers.push_back(*taken ? "taken" : "not"); });

  executor_.RunUntilIdle();

  EXPECT_EQ(answers, (std::vector<std::string>{"taken", "released", "released", "taken"}));
}

TEST_F(LaunchLocksTest, TriesAgainWhenTheOtherGivesItBackJustThen) {
  zookeeper_.FailNext(Op::kCreate, Code::kAlreadyExists);

  EXPECT_EQ(Acquire(), true);
}

TEST_F(LaunchLocksTest, PassesErrorsOn) {
  zookeeper_.FailNext(Op::kCreate, Code::kPermissionDenied);
  EXPECT_EQ(Acquire().error().code, Code::kPermissionDenied);
  zookeeper_.Put(path_, "other", 99);
  zookeeper_.FailNext(Op::kExists, Code::kInternal);
  EXPECT_EQ(Acquire().error().code, Code::kInternal);
  zookeeper_.FailNext(Op::kExists, Code::kInternal);
  const auto freed = Call<void>([&](auto done) { locks_.AwaitFree(key_, done); });
  EXPECT_EQ(freed.error().code, Code::kInternal);
}

TEST_F(LaunchLocksTest, FailsWaitersWhenTheConnectionIsLost) {
  zookeeper_.Put(path_, "other", 99);
  std::vector<Result<void>> answers;
  locks_.AwaitFree(key_, [&](Result<void> answer) { answers.push_back(answer); });
  executor_.RunUntilIdle();
  EXPECT_TRUE(answers.empty());

  zookeeper_.Down();
  executor_.RunUntilIdle();

  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, Code::kUnavailable);
}

TEST_F(LaunchLocksTest, WaitsOnWhenTheLockChangesHands) {
  zookeeper_.Put(path_, "other", 99);
  std::vector<Result<void>> answers;
  locks_.AwaitFree(key_, [&](Result<void> answer) { answers.push_back(answer); });
  executor_.RunUntilIdle();

  zookeeper_.Remove(path_);
  zookeeper_.Put(path_, "third", 98);
  executor_.RunUntilIdle();
  EXPECT_TRUE(answers.empty());
  zookeeper_.Remove(path_);
  executor_.RunUntilIdle();

  EXPECT_EQ(answers.size(), 1U);
}

}  // namespace
}  // namespace foxfire::discovery
