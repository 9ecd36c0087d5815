#include "discovery/node_client.h"

#include "tests/unit/discovery/fake_zookeeper_fixture.h"

namespace foxfire::discovery {
namespace {

using Op = FakeZooKeeper::Op;

class NodeOperationsTest : public FakeZooKeeperTest {
 protected:
  void SetUp() override {
    Open();
    zookeeper_.Put("/a", "");
  }
  Result<void> Put(const std::string& path, const std::string& data) {
    return Call<void>([&](auto done) { PutNode(*client_, path, data, done); });
  }
  Result<void> Remove(const std::string& path) {
    return Call<void>([&](auto done) { RemoveNode(*client_, path, done); });
  }
};

TEST_F(NodeOperationsTest, PutCreatesOrReplaces) {
  EXPECT_TRUE(Put("/a/b", "1").has_value());
  EXPECT_EQ(zookeeper_.Data("/a/b"), "1");
  EXPECT_TRUE(Put("/a/b", "2").has_value());
  EXPECT_EQ(zookeeper_.Data("/a/b"), "2");
}

TEST_F(NodeOperationsTest, PutTriesAgainWhenTheNodeGoesBetween) {
  zookeeper_.FailNext(Op::kCreate, Code::kAlreadyExists);

  EXPECT_TRUE(Put("/a/b", "1").has_value());

  EXPECT_EQ(zookeeper_.Data("/a/b"), "1");
}

TEST_F(NodeOperationsTest, PutGivesUpOnANodeThatKeepsComingAndGoing) {
  for (int i = 0; i < 10; ++i) zookeeper_.FailNext(Op::kCreate, Code::kAlreadyExists);

  EXPECT_EQ(Put("/a/b", "1").error().code, Code::kAborted);
}

TEST_F(NodeOperationsTest, PutPassesOtherErrorsOn) {
  EXPECT_EQ(Put("/none/b", "1").error().code, Code::kNotFound);
  zookeeper_.Down();
  EXPECT_EQ(Put("/a/b", "1").error().code, Code::kUnavailable);
}

TEST_F(NodeOperationsTest, RemoveTakesAMissingNodeForDone) {
  ASSERT_TRUE(Put("/a/b", "1").has_value());

  EXPECT_EQ(Remove("/a").error().code, Code::kFailedPrecondition);
  EXPECT_TRUE(Remove("/a/b").has_value());
  EXPECT_TRUE(Remove("/a/b").has_value());
}

}  // namespace
}  // namespace foxfire::discovery
