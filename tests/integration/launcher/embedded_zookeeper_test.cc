// A real ZooKeeper server from Spark's jars.
#include "engine_launcher/embedded_zookeeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <thread>

#include "engine_launcher/posix_process_spawner.h"
#include "engine_launcher/process_info.h"
#include "engine_launcher/zookeeper_probe.h"
#include "tests/support/free_port.h"
#include "tests/support/temp_folder.h"

namespace foxfire::launcher {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr Duration kPatience = std::chrono::seconds(60);

class EmbeddedZooKeeperTest : public testing::Test {
 protected:
  EmbeddedZooKeeperTest() {
    options_.folder = folder_ / "zookeeper";
    options_.port = FreePort();
    options_.profile.spark_home = FOXFIRE_SPARK_HOME;
    options_.restart_delay_min = std::chrono::milliseconds(50);
  }
  ~EmbeddedZooKeeperTest() override {
    if (gateway_ != nullptr) {
      EXPECT_TRUE(gateway_->zookeeper.Stop());
    }
  }

  struct Gateway {
    explicit Gateway(const EmbeddedZooKeeperOptions& options)
        : zookeeper(options, spawner, thread) {}
    ~Gateway() { thread.Stop(); }
    SystemClock clock;
    PosixProcessSpawner spawner;
    LaunchThread thread{spawner, clock};
    EmbeddedZooKeeper zookeeper;
  };

  Result<void> StartGateway() {
    gateway_ = std::make_unique<Gateway>(options_);
    return gateway_->zookeeper.Start();
  }
  bool Serves() const { return ZooKeeperServes(options_.port, std::chrono::seconds(1)); }

  TempFolder folder_;
  EmbeddedZooKeeperOptions options_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(EmbeddedZooKeeperTest, ServesOnceStarted) {
  const auto started = StartGateway();

  ASSERT_TRUE(started) << started.error().message;
  EXPECT_TRUE(Serves());
  EXPECT_GT(gateway_->zookeeper.pid(), 0);
}

TEST_F(EmbeddedZooKeeperTest, EndsWhenStopped) {
  ASSERT_TRUE(StartGateway());

  ASSERT_TRUE(gateway_->zookeeper.Stop());

  EXPECT_FALSE(Serves());
  EXPECT_TRUE(IsPortFree(options_.port));
  EXPECT_EQ(gateway_->zookeeper.pid(), 0);
}

TEST_F(EmbeddedZooKeeperTest, IsAdoptedByTheNextGateway) {
  ASSERT_TRUE(StartGateway());
  const int64_t pid = gateway_->zookeeper.pid();
  gateway_.reset();
  EXPECT_TRUE(Serves());

  const auto started = StartGateway();

  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(gateway_->zookeeper.pid(), pid);
}

TEST_F(EmbeddedZooKeeperTest, IsStartedAgainWhenItDies) {
  ASSERT_TRUE(StartGateway());
  const int64_t pid = gateway_->zookeeper.pid();

  ASSERT_TRUE(SignalGroup(pid, SIGKILL));

  const SteadyTime deadline = std::chrono::steady_clock::now() + kPatience;
  while ((gateway_->zookeeper.pid() == pid || !Serves()) &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(Serves());
  EXPECT_NE(gateway_->zookeeper.pid(), pid);
}

TEST_F(EmbeddedZooKeeperTest, NamesThePortThatIsTaken) {
  PortHolder holder;
  holder.Listen();
  options_.port = holder.port();

  const auto started = StartGateway();

  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message,
              HasSubstr("zookeeper.embedded_port = " + std::to_string(holder.port())));
}

TEST_F(EmbeddedZooKeeperTest, RefusesToMoveARunningServerToAnotherPort) {
  ASSERT_TRUE(StartGateway());
  const EmbeddedZooKeeperOptions before = options_;
  options_.port = FreePort();
  {
    Gateway next(options_);

    const auto started = next.zookeeper.Start();

    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message,
                AllOf(HasSubstr("zookeeper.embedded_port"), HasSubstr("still runs")));
  }
  options_ = before;
}

TEST_F(EmbeddedZooKeeperTest, ShowsTheLogOfAServerThatCannotStart) {
  folder_.Write("zookeeper/data/version-2", "no folder");

  const auto started = StartGateway();

  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, AllOf(HasSubstr("ZooKeeper ended"), HasSubstr("version-2")));
}

TEST_F(EmbeddedZooKeeperTest, AProbeOfSomethingElseSaysNo) {
  PortHolder holder;
  EXPECT_FALSE(ZooKeeperServes(holder.port(), std::chrono::milliseconds(50)));

  holder.Listen();  // connects, but never answers
  EXPECT_FALSE(ZooKeeperServes(holder.port(), std::chrono::milliseconds(50)));
}

}  // namespace
}  // namespace foxfire::launcher
