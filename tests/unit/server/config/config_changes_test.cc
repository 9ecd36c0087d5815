#include "server/config/config_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/config/config_loader.h"

namespace foxfire::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Config Parse(std::string_view text) {
  const auto loaded = ParseConfig(text, "/etc/f", {"/opt/foxfire/bin", 2});
  EXPECT_TRUE(loaded) << ToString(loaded.error());
  return loaded->config;
}

constexpr const char* kBefore = R"(
  [server]
  loops = 2
  [engine]
  profile = "etl"
  [profile.etl]
  driver_memory = "2GiB"
  [profile.old]
  [user.ann]
  profile = "etl"
)";

constexpr const char* kAfter = R"(
  [server]
  loops = 3
  [engine]
  profile = "new"
  idle_timeout = "1h"
  [profile.etl]
  driver_memory = "3GiB"
  [profile.new]
  [group.bi.spark_conf]
  "spark.hadoop.fs.s3a.secret.key" = "s3same"
  [user.ann]
  profile = "new"
)";

TEST(ConfigChangesTest, NamesWhatDiffersInTheOrderOfTheTable) {
  EXPECT_THAT(ChangedKeys(Parse(kBefore), Parse(kAfter)),
              ElementsAre("server.loops", "engine.profile", "engine.idle_timeout", "group.bi",
                          "user.ann", "profile.etl", "profile.new", "profile.old"));
  EXPECT_THAT(ChangedKeys(Parse(kAfter), Parse(kAfter)), IsEmpty());
}

TEST(ConfigChangesTest, ProfilesOwnersAndSharingNeedNoRestart) {
  const Config after = Parse(kAfter);

  const Config merged = WithReloadable(Parse(kBefore), after);

  EXPECT_THAT(ChangedKeys(merged, after), ElementsAre("server.loops", "engine.idle_timeout"));
  EXPECT_EQ(merged.server.loops, 2);
  EXPECT_EQ(merged.profiles, after.profiles);
  EXPECT_EQ(merged.users, after.users);
  EXPECT_EQ(merged.groups, after.groups);
  EXPECT_EQ(merged.engine.sharing, after.engine.sharing);
}

}  // namespace
}  // namespace foxfire::server
