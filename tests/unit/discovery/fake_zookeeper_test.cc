#include "tests/fakes/fake_zookeeper.h"

#include <gmock/gmock.h>

#include "tests/unit/discovery/fake_zookeeper_fixture.h"

namespace foxfire::discovery {
namespace {

using testing::ElementsAre;
using testing::Pair;

class FakeNodeClientTest : public FakeZooKeeperTest {
 protected:
  Result<void> Create(const std::string& path, NodeKind kind = NodeKind::kPersistent) {
    return Call<void>([&](auto done) { client_->Create(path, "data", kind, done); });
  }
  Result<NodeData> Get(const std::string& path, bool watch = false) {
    return Call<NodeData>([&](auto done) { client_->Get(path, watch, done); });
  }
};

TEST_F(FakeNodeClientTest, KeepsATree) {
  Open();

  EXPECT_TRUE(Create("/a").has_value());
  EXPECT_TRUE(Create("/a/b").has_value());
  EXPECT_EQ(Create("/a").error().code, Code::kAlreadyExists);
  EXPECT_EQ(Create("/x/y").error().code, Code::kNotFound);
  EXPECT_EQ(Get("/a/b")->data, "data");
  EXPECT_EQ(Get("/x").error().code, Code::kNotFound);
  const auto names =
      Call<std::vector<std::string>>([&](auto done) { client_->Children("/a", false, done); });
  EXPECT_THAT(*names, ElementsAre("b"));
}

TEST_F(FakeNodeClientTest, FiresAWatchOnce) {
  Open();
  zookeeper_.Put("/a", "1");
  ASSERT_TRUE(Get("/a", true).has_value());

  zookeeper_.Put("/a", "2");
  zookeeper_.Put("/a", "3");
  executor_.RunUntilIdle();

  EXPECT_THAT(events_, ElementsAre(Pair(NodeEvent::kChanged, "/a")));
}

TEST_F(FakeNodeClientTest, FailsWhileDownAndTellsMissedChangesLater) {
  Open();
  zookeeper_.Put("/a", "1");
  ASSERT_TRUE(Get("/a", true).has_value());
  zookeeper_.Down();
  executor_.RunUntilIdle();
  EXPECT_EQ(Get("/a").error().code, Code::kUnavailable);

  zookeeper_.Remove("/a");
  executor_.RunUntilIdle();
  EXPECT_TRUE(events_.empty());
  zookeeper_.Up();
  executor_.RunUntilIdle();

  EXPECT_THAT(events_, ElementsAre(Pair(NodeEvent::kDeleted, "/a")));
  EXPECT_THAT(links_,
              ElementsAre(LinkState::kConnected, LinkState::kDisconnected, LinkState::kConnected));
}

TEST_F(FakeNodeClientTest, RemovesEphemeralNodesWithTheSession) {
  Open();
  const int64_t session = client_->session_id();
  ASSERT_TRUE(Create("/e", NodeKind::kEphemeral).has_value());
  EXPECT_EQ(zookeeper_.Owner("/e"), session);

  zookeeper_.Expire();
  executor_.RunUntilIdle();

  EXPECT_EQ(zookeeper_.Data("/e"), std::nullopt);
  EXPECT_NE(client_->session_id(), session);
  EXPECT_THAT(links_, ElementsAre(LinkState::kConnected, LinkState::kDisconnected,
                                  LinkState::kExpired, LinkState::kConnected));
}

TEST_F(FakeNodeClientTest, LosesAnAnswerButNotTheEffect) {
  Open();
  zookeeper_.LoseNextAnswer(FakeZooKeeper::Op::kCreate);

  EXPECT_EQ(Create("/a").error().code, Code::kUnavailable);

  EXPECT_TRUE(Get("/a").has_value());
}

TEST_F(FakeNodeClientTest, AnswersOnceAlsoWhenClosed) {
  Open();
  int answers = 0;
  client_->Get("/a", false, [&](const Result<NodeData>&) { ++answers; });

  client_->Close();
  EXPECT_EQ(answers, 1);
  executor_.RunUntilIdle();
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(Get("/a").error().code, Code::kUnavailable);
}

TEST_F(FakeNodeClientTest, DeniesAndFailsOnDemand) {
  Open();
  zookeeper_.Put("/a/b", "1");
  zookeeper_.Deny("/a");
  EXPECT_EQ(Get("/a/b").error().code, Code::kPermissionDenied);
  zookeeper_.Deny("");
  zookeeper_.FailNext(FakeZooKeeper::Op::kGet, Code::kInternal);
  EXPECT_EQ(Get("/a/b").error().code, Code::kInternal);
  EXPECT_TRUE(Get("/a/b").has_value());
}

}  // namespace
}  // namespace foxfire::discovery
