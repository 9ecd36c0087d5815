#include "discovery/zookeeper_client_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"
#include "tests/support/captured_log.h"

namespace foxfire::discovery {
namespace {

using namespace std::chrono_literals;

class ZooKeeperClientLogTest : public testing::Test {
 protected:
  size_t Count(std::string_view text) {
    Log("zookeeper").flush();
    return captured_.Count(text);
  }

  CapturedLog captured_;
  FakeClock clock_;
  ZooKeeperClientLog log_{clock_};
};

TEST_F(ZooKeeperClientLogTest, KeepsTheTextAndTurnsTheLevelDown) {
  log_.Write("2026-01-01 00:00:00,0:7(0x1):ZOO_ERROR@check_events@2462: server: gone");
  log_.Write("2026-01-01 00:00:00,0:7(0x1):ZOO_INFO@f@1: made");

  EXPECT_EQ(Count("W zookeeper: client: server: gone"), 1U);
  EXPECT_EQ(Count("D zookeeper: client: made"), 1U);
}

TEST_F(ZooKeeperClientLogTest, PassesOnWhatHasAnotherForm) {
  log_.Write("no known form");
  log_.Write(":ZOO_WARN");
  log_.Write(nullptr);

  EXPECT_EQ(Count("I zookeeper: client: no known form"), 1U);
}

TEST_F(ZooKeeperClientLogTest, SaysTheSameThingOnceAMinute) {
  for (int i = 0; i < 3; ++i) log_.Write("now:7(0x1):ZOO_ERROR@connect@7: refused");
  log_.Write("now:7(0x1):ZOO_ERROR@connect@8: reset");
  EXPECT_EQ(Count("W zookeeper: client: refused"), 1U);
  EXPECT_EQ(Count("D zookeeper: client: refused"), 2U);
  EXPECT_EQ(Count("W zookeeper: client: reset"), 1U);

  clock_.Advance(1min);
  log_.Write("now:7(0x1):ZOO_ERROR@connect@7: refused");

  EXPECT_EQ(Count("W zookeeper: client: refused"), 2U);
}

}  // namespace
}  // namespace foxfire::discovery
