#include "server/call/client_conf.h"

#include <gtest/gtest.h>

namespace foxfire::server {
namespace {

using Conf = std::map<std::string, std::string>;
using Wished = std::vector<std::pair<std::string, std::string>>;

Result<Conf> Ask(const std::vector<std::string>& allowed, Wished conf) {
  EngineWish wish;
  wish.conf = std::move(conf);
  return ClientConf(allowed, "etl", wish);
}

TEST(ClientConfTest, AnExactEntrySaysHowTheSettingIsSpelled) {
  const auto conf = Ask({"spark.sql.*", "spark.sql.adaptive.coalescePartitions.enabled"},
                        {{"spark.sql.adaptive.coalescepartitions.enabled", "false"},
                         {"spark.sql.shuffle.partitions", "8"}});

  ASSERT_TRUE(conf) << conf.error().message;
  EXPECT_EQ(*conf, (Conf{{"spark.sql.adaptive.coalescePartitions.enabled", "false"},
                         {"spark.sql.shuffle.partitions", "8"}}));
}

TEST(ClientConfTest, APatternIsComparedWithoutCaseAndStandsForOneLetterAtLeast) {
  EXPECT_TRUE(Ask({"spark.myApp.*"}, {{"spark.myapp.x", "1"}}));
  EXPECT_FALSE(Ask({"spark.myApp.*"}, {{"spark.myapp.", "1"}}));
  EXPECT_FALSE(Ask({"spark.myApp.*"}, {{"spark.myapp", "1"}}));
  EXPECT_FALSE(Ask({"spark.sql.x"}, {{"spark.sql.xy", "1"}})) << "no pattern";
}

TEST(ClientConfTest, WhatIsNotAllowedIsRefusedByNameWithTheConfigKey) {
  const auto refused = Ask({"spark.sql.*"}, {{"spark.sql.x", "1"}, {"spark.jars", "x.jar"}});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
  EXPECT_EQ(refused.error().message,
            "spark.jars may not be set by clients here (client_conf of the profile \"etl\"): leave "
            "x-foxfire-conf-spark.jars out of the connection string");
}

TEST(ClientConfTest, NoPatternAllowsWhatFoxfireSaysItself) {
  for (const char* name :
       {"spark.master", "spark.foxfire.engine.id", "spark.connect.authenticate.token",
        "spark.connect.grpc.binding.port", "spark.driver.memory", "spark.submit.deploymode",
        "spark.driver.extrajavaoptions", "spark.driver.extralibrarypath",
        "spark.kubernetes.context", "sparkx", "spark.a b", "spark.a\nb", ""}) {
    const auto refused = Ask({"spark.*"}, {{name, "x"}});
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, Code::kPermissionDenied) << name;
  }
  EXPECT_TRUE(Ask({"spark.*"}, {{"spark.driver.maxresultsize", "1g"}}));
}

// spark-submit would read these on the gateway's machine.
TEST(ClientConfTest, FilesOfTheGatewayNeedAnEntryOfTheirOwn) {
  for (const char* name : {"spark.files", "spark.jars", "spark.jars.packages", "spark.archives",
                           "spark.yarn.dist.files", "spark.kubernetes.file.upload.path"}) {
    EXPECT_FALSE(Ask({"spark.*"}, {{name, "file:///etc/x"}})) << name;
    EXPECT_TRUE(Ask({name}, {{name, "file:///etc/x"}})) << name;
  }
}

TEST(ClientConfTest, ValuesArePrintableText) {
  EXPECT_TRUE(Ask({"spark.*"}, {{"spark.a", "x = \"y\"; z"}, {"spark.b", ""}}));
  for (const char* value : {"a\nb", "\x7f", "\xc3\xa4", "a\tb"}) {
    const auto refused = Ask({"spark.*"}, {{"spark.a", value}});
    ASSERT_FALSE(refused) << value;
    EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
    EXPECT_EQ(refused.error().message.find(value), std::string::npos) << "it may be secret";
  }
}

TEST(ClientConfTest, TooManyAreRefusedWhoeverAsks) {
  EngineWish wish;
  wish.conf_too_large = true;

  const auto refused = ClientConf({"spark.*"}, "etl", wish);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("32"), std::string::npos);
}

}  // namespace
}  // namespace foxfire::server
