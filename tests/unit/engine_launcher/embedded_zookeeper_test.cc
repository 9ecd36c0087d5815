#include "engine_launcher/embedded_zookeeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine_launcher/process_info.h"
#include "tests/fakes/fake_process_spawner.h"
#include "tests/support/fake_installation.h"

namespace foxfire::launcher {
namespace {

using testing::HasSubstr;

class EmbeddedZooKeeperTest : public testing::Test {
 protected:
  EmbeddedZooKeeperTest() {
    options_.folder = folder_ / "zookeeper";
    options_.port = 1;  // nobody may listen there
    options_.profile = fake_.profile;
    options_.start_timeout = std::chrono::milliseconds(100);
  }
  ~EmbeddedZooKeeperTest() override { thread_.Stop(); }

  TempFolder folder_;
  FakeInstallation fake_{folder_};
  EmbeddedZooKeeperOptions options_;
  SystemClock clock_;
  FakeProcessSpawner spawner_;
  LaunchThread thread_{spawner_, clock_};
};

TEST_F(EmbeddedZooKeeperTest, NamesTheKeyOfAMissingSparkHome) {
  options_.profile.spark_home = "/nonexistent";
  EmbeddedZooKeeper zookeeper(options_, spawner_, thread_);

  const auto started = zookeeper.Start();

  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr("profile.default.spark_home"));
  thread_.Stop();
}

TEST_F(EmbeddedZooKeeperTest, StoppingOneThatNeverRanIsNoError) {
  EmbeddedZooKeeper zookeeper(options_, spawner_, thread_);

  EXPECT_TRUE(zookeeper.Stop());
  EXPECT_EQ(zookeeper.pid(), 0);
  thread_.Stop();
}

}  // namespace
}  // namespace foxfire::launcher
