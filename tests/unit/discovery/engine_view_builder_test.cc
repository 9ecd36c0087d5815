#include "discovery/engine_view_builder.h"

#include <gmock/gmock.h>

#include "discovery/records.h"
#include "tests/support/captured_log.h"
#include "tests/unit/discovery/fake_zookeeper_fixture.h"
#include "tests/unit/discovery/sample_records.h"

namespace foxfire::discovery {
namespace {

using Op = FakeZooKeeper::Op;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class EngineViewBuilderTest : public FakeZooKeeperTest {
 protected:
  void SetUp() override {
    MakeParents();
    on_link_ = [this](LinkState state) {
      if (state == LinkState::kConnected) {
        builder_.Connected();
      } else {
        builder_.Disconnected();
      }
    };
    on_watch_ = [this](NodeEvent event, const std::string& path) {
      builder_.HandleEvent(event, path);
    };
  }
  std::string Add(const EngineRecord& record) {
    std::string path = layout_.Engine(record.key, record.id);
    zookeeper_.Put(path, ToJson(record), 99);
    executor_.RunUntilIdle();
    return path;
  }
  void Remove(const std::string& path) {
    zookeeper_.Remove(path);
    executor_.RunUntilIdle();
  }
  std::shared_ptr<const DirectoryView> View() const { return builder_.View(); }

  Metrics metrics_;
  DiscoveryStats stats_{metrics_};
  int changes_ = 0;
  EngineViewBuilder builder_{*client_, layout_, executor_, stats_, [this] { ++changes_; }};
};

TEST_F(EngineViewBuilderTest, IsStaleAndNotSyncedBeforeAnythingIsRead) {
  EXPECT_FALSE(View()->synced);
  EXPECT_TRUE(View()->stale);
  EXPECT_EQ(stats_.stale.Value(), 1);
}

TEST_F(EngineViewBuilderTest, SyncsWithWhatIsThere) {
  const EngineRecord alices = SampleEngine("alice");
  const EngineRecord bobs = SampleEngine("bob");
  Add(alices);
  Add(bobs);

  Open();

  EXPECT_TRUE(View()->synced);
  EXPECT_FALSE(View()->stale);
  EXPECT_THAT(View()->engines, ElementsAre(Pair(alices.key, ElementsAre(alices)),
                                           Pair(bobs.key, ElementsAre(bobs))));
  EXPECT_EQ(changes_, 1) << "the first view is published whole";
  EXPECT_EQ(stats_.engines.Value(), 2);
  EXPECT_EQ(stats_.stale.Value(), 0);
}

TEST_F(EngineViewBuilderTest, SyncsWithNothing) {
  Open();

  EXPECT_TRUE(View()->synced);
  EXPECT_TRUE(View()->engines.empty());
}

TEST_F(EngineViewBuilderTest, ArmsItsWatchesAgainAfterEveryEvent) {
  Open();
  for (int round = 0; round < 3; ++round) {
    const EngineRecord record = SampleEngine("alice");
    const std::string path = Add(record);
    EXPECT_NE(View()->Find(record.id), nullptr);

    EngineRecord changed = record;
    changed.port = 1;
    zookeeper_.Put(path, ToJson(changed), 99);
    executor_.RunUntilIdle();
    EXPECT_EQ(*View()->Find(record.id), changed);

    Remove(path);
    EXPECT_EQ(View()->Find(record.id), nullptr);
  }
}

TEST_F(EngineViewBuilderTest, FollowsAKeyThatComesAndGoes) {
  Open();
  const EngineRecord record = SampleEngine("alice");

  Add(record);
  EXPECT_NE(View()->Find(record.id), nullptr);
  Remove(layout_.EnginesOf(record.key));
  EXPECT_TRUE(View()->engines.empty());
  Add(record);
  EXPECT_NE(View()->Find(record.id), nullptr);
}

TEST_F(EngineViewBuilderTest, ListsBrokenNodesAndKeepsTheGoodOnes) {
  const EngineRecord record = SampleEngine("alice");
  Add(record);
  const std::string broken = layout_.Engine(record.key, EngineId(NewUuid()));
  zookeeper_.Put(broken, "{\"schema\":");
  zookeeper_.Put(layout_.EnginesOf(record.key) + "/no-uuid", ToJson(record));
  zookeeper_.Put(layout_.Engines() + "/garbage", "");

  Open();

  EXPECT_EQ(View()->engines.at(record.key).size(), 1U);
  EXPECT_THAT(
      View()->broken,
      ElementsAre(testing::Field(&BrokenNode::path, layout_.Engines() + "/garbage"),
                  testing::Field(&BrokenNode::path, broken),
                  testing::Field(&BrokenNode::path, layout_.EnginesOf(record.key) + "/no-uuid")));
  const auto view = View();
  for (const BrokenNode& node : view->broken) EXPECT_THAT(node.why, HasSubstr("delete the node"));
  EXPECT_EQ(stats_.broken_nodes.Value(), 3);
}

TEST_F(EngineViewBuilderTest, TakesABrokenNodeBackWhenItIsMended) {
  const EngineRecord record = SampleEngine("alice");
  const std::string path = layout_.Engine(record.key, record.id);
  zookeeper_.Put(path, "garbage");
  Open();
  ASSERT_EQ(View()->broken.size(), 1U);

  zookeeper_.Put(path, ToJson(record));
  executor_.RunUntilIdle();

  EXPECT_TRUE(View()->broken.empty());
  EXPECT_NE(View()->Find(record.id), nullptr);
}

TEST_F(EngineViewBuilderTest, LogsABrokenNodeOnce) {
  const CapturedLog log;
  const EngineRecord record = SampleEngine("alice");
  zookeeper_.Put(layout_.Engine(record.key, record.id), "garbage");
  Open();
  for (int i = 0; i < 3; ++i) {
    zookeeper_.Down();
    executor_.RunUntilIdle();
    zookeeper_.Up();
    executor_.RunUntilIdle();
    Add(SampleEngine("bob"));
  }

  Log("discovery").flush();
  EXPECT_EQ(log.Count("broken ZooKeeper node"), 1U);
}

TEST_F(EngineViewBuilderTest, AnswersFromTheLastViewWhileZooKeeperIsAway) {
  const EngineRecord record = SampleEngine("alice");
  Open();
  Add(record);

  zookeeper_.Down();
  executor_.RunUntilIdle();

  EXPECT_TRUE(View()->stale);
  EXPECT_TRUE(View()->synced);
  EXPECT_NE(View()->Find(record.id), nullptr);
  EXPECT_EQ(stats_.stale.Value(), 1);
}

TEST_F(EngineViewBuilderTest, SeesWhatChangedWhileZooKeeperWasAway) {
  const EngineRecord gone = SampleEngine("alice");
  const EngineRecord come = SampleEngine("bob");
  Open();
  const std::string path = Add(gone);
  zookeeper_.Down();
  executor_.RunUntilIdle();

  zookeeper_.Remove(path);
  Add(come);
  zookeeper_.Up();
  executor_.RunUntilIdle();

  EXPECT_FALSE(View()->stale);
  EXPECT_EQ(View()->Find(gone.id), nullptr);
  EXPECT_NE(View()->Find(come.id), nullptr);
}

TEST_F(EngineViewBuilderTest, ArmsItsWatchesAgainAfterExpiry) {
  Open();
  zookeeper_.Expire();
  executor_.RunUntilIdle();
  EXPECT_FALSE(View()->stale);

  const EngineRecord record = SampleEngine("alice");
  Add(record);

  EXPECT_NE(View()->Find(record.id), nullptr);
}

TEST_F(EngineViewBuilderTest, DoesNotCallItselfFreshAfterAFailedRead) {
  const EngineRecord record = SampleEngine("alice");
  Add(record);
  zookeeper_.FailNext(Op::kGet, Code::kUnavailable);
  Open();
  EXPECT_FALSE(View()->synced);

  executor_.Advance(2s);

  EXPECT_TRUE(View()->synced);
  EXPECT_NE(View()->Find(record.id), nullptr);
}

TEST_F(EngineViewBuilderTest, ListsWhatItMayNotReadAndLooksAgainLater) {
  const EngineRecord record = SampleEngine("alice");
  const std::string path = Add(record);
  zookeeper_.Deny(path);
  Open();
  EXPECT_TRUE(View()->synced);
  EXPECT_THAT(View()->broken, ElementsAre(testing::Field(&BrokenNode::path, path)));

  zookeeper_.Deny("");
  executor_.Advance(1min);

  EXPECT_TRUE(View()->broken.empty());
  EXPECT_NE(View()->Find(record.id), nullptr);
}

TEST_F(EngineViewBuilderTest, ListsAKeyThatItMayNotRead) {
  const EngineRecord record = SampleEngine("alice");
  Add(record);
  zookeeper_.Deny(layout_.EnginesOf(record.key));

  Open();

  EXPECT_THAT(View()->broken,
              ElementsAre(testing::Field(&BrokenNode::path, layout_.EnginesOf(record.key))));
}

TEST_F(EngineViewBuilderTest, SurvivesTheLossOfTheWholeTree) {
  const EngineRecord record = SampleEngine("alice");
  Open();
  Add(record);

  Remove(layout_.root());
  EXPECT_TRUE(View()->engines.empty());
  MakeParents();
  Add(record);
  executor_.Advance(2s);

  EXPECT_NE(View()->Find(record.id), nullptr);
}

TEST_F(EngineViewBuilderTest, IgnoresEventsOutsideEngines) {
  Open();
  const int changes = changes_;

  builder_.HandleEvent(NodeEvent::kDeleted, layout_.root() + "/enginesX/a");
  builder_.HandleEvent(NodeEvent::kDeleted, layout_.Engines() + "/unknown");
  builder_.HandleEvent(NodeEvent::kDeleted, layout_.Engines() + "/unknown/engine");
  builder_.HandleEvent(NodeEvent::kChanged, layout_.Engines() + "/unknown/engine");
  executor_.RunUntilIdle();

  EXPECT_EQ(changes_, changes);
}

}  // namespace
}  // namespace foxfire::discovery
