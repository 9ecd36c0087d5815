#include "discovery/zookeeper_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/discovery/running_directory.h"
#include "tests/integration/discovery/zookeeper_shell.h"
#include "tests/support/captured_log.h"

namespace foxfire::discovery {
namespace {

class ZooKeeperClientTest : public testing::Test {
 protected:
  const std::string path_ = "/" + NewUuid();
  ZooKeeperShell shell_{SharedZooKeeper().connect()};
};

TEST_F(ZooKeeperClientTest, AnswersWithTheErrorsThatNodeClientPromises) {
  EXPECT_EQ(shell_.Get(path_).error().code, Code::kNotFound);
  EXPECT_EQ(shell_.Create(path_ + "/child", "").error().code, Code::kNotFound);
  EXPECT_TRUE(shell_.Create(path_, "data").has_value());
  EXPECT_EQ(shell_.Create(path_, "data").error().code, Code::kAlreadyExists);
  EXPECT_TRUE(shell_.Create(path_ + "/child", "").has_value());
  EXPECT_EQ(shell_.Remove(path_).error().code, Code::kFailedPrecondition);
  EXPECT_EQ(shell_.Get("no path").error().code, Code::kInternal);
}

TEST_F(ZooKeeperClientTest, KeepsDataByteForByte) {
  const std::string data("a\0b\xff", 4);

  EXPECT_TRUE(shell_.Put(path_, data).has_value());
  EXPECT_EQ(shell_.Get(path_)->data, data);
  EXPECT_TRUE(shell_.Put(path_, "").has_value());
  EXPECT_EQ(shell_.Get(path_)->data, "");
}

TEST_F(ZooKeeperClientTest, EndsItsEphemeralNodesWithItself) {
  {
    ZooKeeperShell other(SharedZooKeeper().connect());
    ASSERT_TRUE(other.Create(path_, "", NodeKind::kEphemeral).has_value());
    EXPECT_NE(shell_.Owner(path_), 0);
  }
  EXPECT_FALSE(shell_.Exists(path_)) << "the session is closed, not left to expire";
}

TEST_F(ZooKeeperClientTest, KeepsNodesFromOtherDigests) {
  ZooKeeperShell owner(SharedZooKeeper().connect(), "gateway:right");
  ASSERT_TRUE(owner.Create(path_, "data").has_value());

  ZooKeeperShell wrong(SharedZooKeeper().connect(), "gateway:wrong");

  EXPECT_EQ(wrong.Get(path_).error().code, Code::kPermissionDenied);
  EXPECT_EQ(shell_.Get(path_).error().code, Code::kPermissionDenied);
  EXPECT_EQ(owner.Get(path_)->data, "data");
}

TEST(ZooKeeperClientLogTest, NeverLogsTheDigest) {
  const CapturedLog log;
  {
    ZooKeeperShell shell(SharedZooKeeper().connect(), "gateway:hunter2");
    EXPECT_FALSE(shell.Exists("/" + NewUuid()));
  }
  Log("zookeeper").flush();
  EXPECT_THAT(log.Text(), testing::HasSubstr("zookeeper: client:"));
  EXPECT_THAT(log.Text(), testing::Not(testing::HasSubstr("hunter2")));
}

TEST(UnresolvableZooKeeperTest, NeitherStopsTheStartNorTheEnd) {
  RunningDirectory directory("no-such-host.invalid:2181", "/foxfire", "g1");

  EXPECT_TRUE(directory.AwaitHealthError("ZooKeeper at no-such-host.invalid:2181"));
  EXPECT_EQ(directory.Acquire({}).error().code, Code::kUnavailable);
  directory->Stop();
}

}  // namespace
}  // namespace foxfire::discovery
