#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "discovery/zookeeper_client.h"

namespace foxfire::discovery {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(ZooKeeperClientOptionsTest, TakesOneOrMoreServers) {
  for (const char* connect : {"localhost:2181", "a:1,b:2,c:3", "[::1]:2181"})
    EXPECT_TRUE(CheckOptions({connect, 30s, Secret()}).has_value()) << connect;
}

TEST(ZooKeeperClientOptionsTest, NamesTheKeyOfABadConnectString) {
  for (const char* connect : {"", "localhost", "localhost:", "a:1,", ",a:1", "a:1;b:2", "a:1/x"}) {
    const auto checked = CheckOptions({connect, 30s, Secret()});
    ASSERT_FALSE(checked.has_value()) << connect;
    EXPECT_EQ(checked.error().code, Code::kInvalidArgument);
    EXPECT_THAT(checked.error().message, HasSubstr("zookeeper.connect"));
  }
}

TEST(ZooKeeperClientOptionsTest, BoundsTheSessionTimeout) {
  EXPECT_FALSE(CheckOptions({"a:1", 10ms, Secret()}).has_value());
  EXPECT_FALSE(CheckOptions({"a:1", 100h, Secret()}).has_value());
}

TEST(ZooKeeperClientOptionsTest, RefusesADigestWithoutUserButNeverShowsIt) {
  for (const char* digest : {"hunter2", ":hunter2"}) {
    const auto checked = CheckOptions({"a:1", 30s, Secret(std::string(digest))});
    ASSERT_FALSE(checked.has_value());
    EXPECT_THAT(checked.error().message, HasSubstr("zookeeper.digest_file"));
    EXPECT_THAT(checked.error().message, testing::Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace foxfire::discovery
