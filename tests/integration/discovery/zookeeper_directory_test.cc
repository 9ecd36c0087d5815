#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "discovery/records.h"
#include "discovery/zookeeper_engine_directory.h"
#include "tests/integration/discovery/running_directory.h"
#include "tests/integration/discovery/zookeeper_shell.h"
#include "tests/support/cuttable_proxy.h"
#include "tests/unit/discovery/sample_records.h"

namespace foxfire::discovery {
namespace {

using testing::HasSubstr;

class ZooKeeperDirectoryTest : public testing::Test {
 protected:
  void Register(ZooKeeperShell& engine, const EngineRecord& record) {
    ASSERT_TRUE(engine.Put(layout_.EnginesOf(record.key), "").has_value());
    ASSERT_TRUE(
        engine.Create(layout_.Engine(record.key, record.id), ToJson(record), NodeKind::kEphemeral)
            .has_value());
  }
  static bool Shows(RunningDirectory& directory, const EngineRecord& record) {
    return directory.AwaitView(
        [&](const DirectoryView& view) { return view.Find(record.id) != nullptr; });
  }

  const std::string root_ = NewRoot();
  const NodeLayout layout_ = *NodeLayout::Create(root_);
  const std::string connect_ = SharedZooKeeper().connect();
  ZooKeeperShell shell_{connect_};
};

TEST_F(ZooKeeperDirectoryTest, DropsAnEngineWhoseSessionEnds) {
  RunningDirectory directory(connect_, root_, "g1");
  ASSERT_TRUE(directory.AwaitHealthy());
  const EngineRecord record = SampleEngine("alice");
  {
    ZooKeeperShell engine(connect_);
    Register(engine, record);
    EXPECT_TRUE(Shows(directory, record));
  }
  EXPECT_TRUE(directory.AwaitView([](const DirectoryView& view) { return view.engines.empty(); }));
}

TEST_F(ZooKeeperDirectoryTest, OutlivesBrokenNodes) {
  RunningDirectory directory(connect_, root_, "g1");
  ASSERT_TRUE(directory.AwaitHealthy());
  const EngineRecord good = SampleEngine("alice");
  const std::string broken = layout_.Engine(good.key, EngineId(NewUuid()));
  Register(shell_, good);
  ASSERT_TRUE(shell_.Put(broken, "{\"schema\":1,").has_value());

  EXPECT_TRUE(directory.AwaitView([&](const DirectoryView& view) {
    return view.broken.size() == 1 && view.broken[0].path == broken &&
           view.Find(good.id) != nullptr;
  }));
}

TEST_F(ZooKeeperDirectoryTest, GivesOneLockToOneOfTwoGateways) {
  RunningDirectory first(connect_, root_, "g1");
  RunningDirectory second(connect_, root_, "g2");
  ASSERT_TRUE(first.AwaitHealthy() && second.AwaitHealthy());
  const EngineKey key = KeyOf("alice");
  const auto acquire = [&](auto& directory, auto done) { directory.AcquireLaunchLock(key, done); };

  const auto one = first.Begin<bool>(acquire);
  const auto other = second.Begin<bool>(acquire);
  ASSERT_TRUE(one->Wait()->has_value() && other->Wait()->has_value());
  const bool first_has_it = **one->Wait();
  EXPECT_NE(first_has_it, **other->Wait());

  RunningDirectory& winner = first_has_it ? first : second;
  RunningDirectory& loser = first_has_it ? second : first;
  const auto freed = loser.Begin<void>(
      [&](auto& directory, auto done) { directory.AwaitLaunchLockFree(key, done); });
  winner->Stop();
  EXPECT_TRUE(freed->Wait()->has_value());
  EXPECT_EQ(loser.Acquire(key), true);
}

TEST_F(ZooKeeperDirectoryTest, GivesTwoGatewaysTheSameBinding) {
  RunningDirectory first(connect_, root_, "g1");
  RunningDirectory second(connect_, root_, "g2");
  ASSERT_TRUE(first.AwaitHealthy() && second.AwaitHealthy());
  const SessionBinding one = SampleBinding("alice");
  SessionBinding other = one;
  other.engine = EngineId(NewUuid());

  const auto answer_one = first.Begin<SessionBinding>(
      [&](auto& directory, auto done) { directory.BindSession(one, done); });
  const auto answer_other = second.Begin<SessionBinding>(
      [&](auto& directory, auto done) { directory.BindSession(other, done); });

  ASSERT_TRUE(answer_one->Wait()->has_value() && answer_other->Wait()->has_value());
  EXPECT_EQ(**answer_one->Wait(), **answer_other->Wait());
}

TEST_F(ZooKeeperDirectoryTest, SaysAtOnceThatTheDigestIsWrong) {
  {
    RunningDirectory right(connect_, root_, "g1", "gateway:right");
    ASSERT_TRUE(right.AwaitHealthy());
  }
  RunningDirectory wrong(connect_, root_, "g2", "gateway:wrong");

  EXPECT_TRUE(wrong.AwaitHealthError("zookeeper.digest_file is missing or wrong"));
  EXPECT_FALSE(wrong->View()->synced);
  EXPECT_THAT(wrong.Acquire(KeyOf("alice")).error().message, HasSubstr("digest_file"));
}

TEST_F(ZooKeeperDirectoryTest, ComesBackWithItsSessionAfterARestartOfZooKeeper) {
  MiniZooKeeper zookeeper;
  ASSERT_TRUE(zookeeper.Start().has_value());
  RunningDirectory directory(zookeeper.connect(), root_, "g1");
  ASSERT_TRUE(directory.AwaitHealthy());
  const EngineRecord record = SampleEngine("alice");
  ZooKeeperShell engine(zookeeper.connect());
  Register(engine, record);
  ASSERT_TRUE(Shows(directory, record));

  zookeeper.Stop();
  EXPECT_TRUE(directory.AwaitView([](const DirectoryView& view) { return view.stale; }));
  EXPECT_NE(directory->View()->Find(record.id), nullptr) << "calls go on with the last view";
  EXPECT_TRUE(directory.AwaitHealthError("cannot be reached"));
  EXPECT_EQ(directory.Acquire(KeyOf("alice")).error().code, Code::kUnavailable);

  ASSERT_TRUE(zookeeper.Start().has_value());
  EXPECT_TRUE(directory.AwaitHealthy());
  EXPECT_FALSE(directory->View()->stale);
  ZooKeeperShell observer(zookeeper.connect());
  EXPECT_TRUE(observer.Await([&] { return observer.Exists(layout_.Gateway(GatewayId("g1"))); }));
  const EngineRecord later = SampleEngine("bob");
  Register(observer, later);
  EXPECT_TRUE(Shows(directory, later)) << "the watches are armed again";
}

TEST_F(ZooKeeperDirectoryTest, StartsBeforeZooKeeper) {
  MiniZooKeeper zookeeper;
  RunningDirectory directory(zookeeper.connect(), root_, "g1");
  EXPECT_TRUE(directory.AwaitHealthError("cannot be reached"));

  ASSERT_TRUE(zookeeper.Start().has_value());

  EXPECT_TRUE(directory.AwaitHealthy());
}

TEST_F(ZooKeeperDirectoryTest, OutlivesAFrozenZooKeeper) {
  MiniZooKeeper zookeeper;
  ASSERT_TRUE(zookeeper.Start().has_value());
  RunningDirectory directory(zookeeper.connect(), root_, "g1");
  ASSERT_TRUE(directory.AwaitHealthy());

  zookeeper.Freeze();
  EXPECT_TRUE(directory.AwaitView([](const DirectoryView& view) { return view.stale; }));
  zookeeper.GoOn();

  EXPECT_TRUE(directory.AwaitHealthy());
  EXPECT_TRUE(directory.changed().Await([&] { return directory.Acquire({}).has_value(); }));
}

TEST_F(ZooKeeperDirectoryTest, StartsAnewAfterItsSessionExpired) {
  CuttableProxy proxy(SharedZooKeeper().port());
  RunningDirectory cut_off(fmt::format("127.0.0.1:{}", proxy.port()), root_, "g1");
  RunningDirectory other(connect_, root_, "g2");
  ASSERT_TRUE(cut_off.AwaitHealthy() && other.AwaitHealthy());
  const EngineKey key = KeyOf("alice");
  const std::string node = layout_.Gateway(GatewayId("g1"));
  ASSERT_EQ(cut_off.Acquire(key), true);
  const int64_t session = shell_.Owner(node);
  ASSERT_NE(session, 0);

  proxy.Cut();
  ASSERT_TRUE(shell_.Await([&] { return !shell_.Exists(node); })) << "the session expires";
  EXPECT_TRUE(cut_off.AwaitView([](const DirectoryView& view) { return view.stale; }));
  EXPECT_EQ(other.Acquire(key), true) << "the lock went with the session";
  proxy.Heal();

  EXPECT_TRUE(cut_off.AwaitHealthy());
  EXPECT_TRUE(shell_.Await([&] { return shell_.Owner(node) != 0; }));
  EXPECT_NE(shell_.Owner(node), session);
  EXPECT_EQ(cut_off.Acquire(key), false);
  const EngineRecord record = SampleEngine("alice");
  Register(shell_, record);
  EXPECT_TRUE(Shows(cut_off, record)) << "the watches are armed again";
  EXPECT_THAT(cut_off.metrics().Render(), HasSubstr("foxfire_discovery_session_expiries_total 1"));
}

}  // namespace
}  // namespace foxfire::discovery
