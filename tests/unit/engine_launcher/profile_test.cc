#include "engine_launcher/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace foxfire::launcher {
namespace {

using testing::HasSubstr;

EngineProfile GoodProfile() {
  EngineProfile profile;
  profile.name = "etl";
  profile.spark_home = "/opt/spark";
  return profile;
}

TEST(CheckProfileTest, AcceptsDefaultsWithASparkHome) { EXPECT_TRUE(CheckProfile(GoodProfile())); }

struct BadProfile {
  const char* what;
  std::function<void(EngineProfile&)> spoil;
  const char* key;
  const char* cure;
};

class CheckProfileErrorTest : public testing::TestWithParam<BadProfile> {};

TEST_P(CheckProfileErrorTest, NamesKeyAndCure) {
  EngineProfile profile = GoodProfile();
  GetParam().spoil(profile);

  const auto checked = CheckProfile(profile);

  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Code::kInvalidArgument);
  EXPECT_THAT(checked.error().message, HasSubstr(GetParam().key));
  EXPECT_THAT(checked.error().message, HasSubstr(GetParam().cure));
}

INSTANTIATE_TEST_SUITE_P(
    Table, CheckProfileErrorTest,
    testing::Values(
        BadProfile{"NoSparkHome", [](auto& p) { p.spark_home = ""; }, "profile.etl.spark_home",
                   "pyspark"},
        BadProfile{"LittleMemory", [](auto& p) { p.driver_memory = 1 << 20; },
                   "profile.etl.driver_memory", "512MiB"},
        BadProfile{"ForeignConf", [](auto& p) { p.spark_conf["fs.s3a.endpoint"] = "x"; },
                   "profile.etl.spark_conf", "spark.hadoop.fs.s3a.endpoint"},
        BadProfile{"DriverMemoryConf", [](auto& p) { p.spark_conf["spark.driver.memory"] = "4g"; },
                   "spark.driver.memory", "driver_memory"},
        BadProfile{"TokenConf",
                   [](auto& p) { p.spark_conf["spark.connect.authenticate.token"] = "x"; },
                   "spark.connect.authenticate.token", "remove it"},
        BadProfile{"TokenVariable",
                   [](auto& p) { p.environment["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = "x"; },
                   "profile.etl.environment", "secret of its own"},
        BadProfile{"NoVariable", [](auto& p) { p.environment["A=B"] = "x"; },
                   "profile.etl.environment", "no variable's name"},
        BadProfile{"NulInVariable", [](auto& p) { p.environment["A"] = std::string(1, '\0'); },
                   "profile.etl.environment", "NUL"},
        BadProfile{"NoOption", [](auto& p) { p.java_options = {"Xmx1g"}; },
                   "profile.etl.java_options", "no option of java"},
        BadProfile{"TwoPaths", [](auto& p) { p.class_path = {"/a:/b"}; }, "profile.etl.class_path",
                   "not one path"}),
    [](const auto& tested) { return tested.param.what; });

TEST(EngineOverridesTest, ReplaceWhatTheProfileSaysAndMergeTheEnvironment) {
  EngineProfile profile;
  profile.driver_memory = 1ULL << 30;
  profile.queue = "profile";
  profile.environment = {{"A", "profile"}, {"B", "profile"}};

  const EngineProfile same = WithOverrides(profile, {});
  const EngineProfile own = WithOverrides(profile, {2ULL << 30, "owner", {{"B", "owner"}}});

  EXPECT_EQ(same.driver_memory, 1ULL << 30);
  EXPECT_EQ(same.queue, "profile");
  EXPECT_EQ(own.driver_memory, 2ULL << 30);
  EXPECT_EQ(own.queue, "owner");
  EXPECT_EQ(own.environment,
            (std::map<std::string, std::string>{{"A", "profile"}, {"B", "owner"}}));
}

TEST(EngineOverridesTest, WhatIsOfTheProcessNeedsOneOfItsOwn) {
  EXPECT_FALSE(EngineOverrides().NeedsOwnProcess());
  EXPECT_TRUE((EngineOverrides{1ULL << 30, "", {}}).NeedsOwnProcess());
  EXPECT_TRUE((EngineOverrides{{}, "etl", {}}).NeedsOwnProcess());
  EXPECT_TRUE((EngineOverrides{{}, "", {{"A", "1"}}}).NeedsOwnProcess());
}

}  // namespace
}  // namespace foxfire::launcher
