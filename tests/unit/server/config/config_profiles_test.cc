// Profiles that inherit, what groups and users have otherwise, and what makes no sense.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/config/config_loader.h"
#include "server/config/config_validate.h"
#include "tests/support/temp_folder.h"

namespace foxfire::server {
namespace {

using launcher::DeployMode;
using launcher::LauncherKind;
using launcher::RunAs;

auto Parse(std::string_view text) { return ParseConfig(text, "/etc/f", {"/opt/foxfire/bin", 2}); }

std::string MistakesIn(std::string_view text) {
  const auto loaded = Parse(text);
  return loaded ? "" : ToString(loaded.error());
}

TEST(ConfigProfilesTest, ReadsHowEnginesAreStarted) {
  const auto loaded = Parse(R"(
    [profile.yarn]
    launcher = "spark-submit"
    master = "yarn"
    deploy_mode = "cluster"
    run_as = "proxy-user"
    queue = "etl"
    engine_jar = "hdfs:///foxfire-engine.jar"
    zookeeper_digest_file = "/etc/foxfire/digest"
    bind_address = "0.0.0.0"
    advertise_host = "auto"
    [profile.own]
    launcher = "command"
    launch_command = ["/opt/launch", "{engine_id}"]
    kill_command = ["/opt/kill", "{engine_id}"]
    [profile.quick]
    warm_spares = 2
    class_path = ["/opt/jars/iceberg.jar"]
    client_conf = ["spark.sql.shuffle.partitions", "spark.sql.*"]
  )");

  ASSERT_TRUE(loaded) << ToString(loaded.error());
  const ProfileConfig& yarn = loaded->config.profiles.at("yarn");
  EXPECT_EQ(yarn.launcher, LauncherKind::kSparkSubmit);
  EXPECT_EQ(yarn.deploy_mode, DeployMode::kCluster);
  EXPECT_EQ(yarn.run_as, RunAs::kProxyUser);
  EXPECT_EQ(yarn.queue, "etl");
  EXPECT_EQ(yarn.engine_jar, "hdfs:///foxfire-engine.jar") << "no path of this machine";
  EXPECT_EQ(yarn.zookeeper_digest_file, "/etc/foxfire/digest");
  EXPECT_EQ(yarn.bind_address, "0.0.0.0");
  EXPECT_EQ(yarn.advertise_host, "auto");
  const ProfileConfig& own = loaded->config.profiles.at("own");
  EXPECT_EQ(own.launcher, LauncherKind::kCommand);
  EXPECT_EQ(own.launch_command, (std::vector<std::string>{"/opt/launch", "{engine_id}"}));
  EXPECT_EQ(own.kill_command, (std::vector<std::string>{"/opt/kill", "{engine_id}"}));
  const ProfileConfig& quick = loaded->config.profiles.at("quick");
  EXPECT_EQ(quick.warm_spares, 2);
  EXPECT_EQ(quick.class_path, (std::vector<std::string>{"/opt/jars/iceberg.jar"}));
  EXPECT_EQ(quick.client_conf,
            (std::vector<std::string>{"spark.sql.shuffle.partitions", "spark.sql.*"}));
}

TEST(ConfigProfilesTest, AProfileInheritsFromWhatItNamesAndThatFromTheDefaultOne) {
  const auto loaded = Parse(R"(
    [profile.a-nightly]
    inherits = "etl"
    java_options = ["-Xss4m"]
    spark_conf = { "spark.x" = "nightly" }
    [profile.etl]
    driver_memory = "4GiB"
    java_options = ["-Dx=y"]
    spark_conf = { "spark.x" = "etl", "spark.y" = "etl" }
    environment = { TZ = "UTC" }
    [profile.default]
    inherits = "default"
    spark_home = "/opt/spark"
    spark_conf = { "spark.y" = "default", "spark.z" = "default" }
  )");

  ASSERT_TRUE(loaded) << ToString(loaded.error());
  const ProfileConfig& nightly = loaded->config.profiles.at("a-nightly");
  EXPECT_EQ(nightly.inherits, "etl");
  EXPECT_EQ(nightly.spark_home, "/opt/spark");
  EXPECT_EQ(nightly.driver_memory, 4ULL << 30);
  EXPECT_EQ(nightly.java_options, (std::vector<std::string>{"-Xss4m"})) << "replaced";
  EXPECT_EQ(nightly.spark_conf,
            (StringMap{{"spark.x", "nightly"}, {"spark.y", "etl"}, {"spark.z", "default"}}));
  EXPECT_EQ(nightly.environment, (StringMap{{"TZ", "UTC"}}));
  EXPECT_EQ(loaded->config.profiles.at("etl").inherits, "default") << "is not inherited";
}

TEST(ConfigProfilesTest, WhomAProfileCannotInheritFromIsOneLineWithACure) {
  EXPECT_EQ(MistakesIn("[profile.etl]\ninherits = 'elt'"),
            "/etc/f:2: profile.etl.inherits: there is no profile \"elt\"; correct it, or write a "
            "section [profile.elt]\n");
  EXPECT_EQ(MistakesIn("[profile.a]\ninherits = 'a'"),
            "/etc/f:2: profile.a.inherits: goes round in a circle: a, a; name another profile, or "
            "none\n");
  EXPECT_EQ(MistakesIn("[profile.a]\ninherits = 'b'\n[profile.b]\ninherits = 'c'\n[profile.c]\n"
                       "inherits = 'a'"),
            "/etc/f:6: profile.c.inherits: goes round in a circle: a, b, c, a; name another "
            "profile, or none\n");
  EXPECT_EQ(MistakesIn("[profile.a]\n[profile.default]\ninherits = 'a'"),
            "/etc/f:3: profile.default.inherits: the default profile inherits from no other; "
            "remove it\n");
  EXPECT_EQ(MistakesIn("[profile.a]\ninherits = 1"),
            "/etc/f:2: profile.a.inherits: expected a string, got a whole number; write a text in "
            "quotes\n");
  EXPECT_EQ(MistakesIn("[profile.a]\nlauncher = 'yarn'"),
            "/etc/f:2: profile.a.launcher: \"yarn\" is not a choice; write local, spark-submit or "
            "command\n");
}

TEST(ConfigProfilesTest, OwnersHaveSomeThingsOtherwise) {
  const auto loaded = Parse(R"(
    [user."ann@example.com"]
    driver_memory = "8GiB"
    queue = "vip"
    [user."ann@example.com".spark_conf]
    spark.sql.shuffle.partitions = 8
    [group.bi.environment]
    TZ = "Europe/Berlin"
  )");

  ASSERT_TRUE(loaded) << ToString(loaded.error());
  EXPECT_EQ(loaded->config.users.at("ann@example.com").overrides,
            (OverridesConfig{8ULL << 30, "vip", {{"spark.sql.shuffle.partitions", "8"}}, {}}));
  EXPECT_EQ(loaded->config.groups.at("bi").overrides,
            (OverridesConfig{0, "", {}, {{"TZ", "Europe/Berlin"}}}));
  EXPECT_EQ(loaded->config.groups.at("bi").sharing, loaded->config.engine.sharing);
}

TEST(ConfigProfilesTest, WhatIsInForceCanBeReadAgainAndShowsNoSecretsOfOwners) {
  const auto loaded = Parse(R"(
    [profile.b]
    inherits = "c"
    run_as = "hadoop-user"
    [profile.c]
    launcher = "command"
    launch_command = ["/opt/launch"]
    [user.ann]
    driver_memory = "2GiB"
    spark_conf = { "spark.x" = "1" }
  )");
  ASSERT_TRUE(loaded) << ToString(loaded.error());

  const auto again = Parse(DescribeEffectiveConfig(loaded->config));

  ASSERT_TRUE(again) << ToString(again.error());
  EXPECT_EQ(again->config, loaded->config);

  const auto secret = Parse(R"(
    [user.ann.spark_conf]
    "spark.hadoop.fs.s3a.secret.key" = "s3same"
    [group.bi.environment]
    GITHUB_TOKEN = "s3same"
    [profile.own]
    launch_command = ["/opt/launch", "--password=s3same", "token-s3same"]
  )");
  ASSERT_TRUE(secret) << ToString(secret.error());
  EXPECT_EQ(DescribeEffectiveConfig(secret->config).find("s3same"), std::string::npos);
}

struct Nonsense {
  const char* text;  // after four lines
  const char* line;
};

class ConfigNonsenseTest : public testing::TestWithParam<Nonsense> {};

TEST_P(ConfigNonsenseTest, IsOneLineWithACure) {
  const TempFolder folder;
  folder.Write("bin/foxfire-engine.jar", "jar");
  folder.Write("spark/jars/spark.jar", "jar");
  const auto loaded = ParseConfig(
      std::string("[zookeeper]\nembedded = true\n[profile.default]\nspark_home = 'spark'\n") +
          GetParam().text,
      folder / "f", {folder / "bin", 2});
  ASSERT_TRUE(loaded) << ToString(loaded.error());

  std::string lines;
  for (ConfigError error : ValidateConfig(*loaded)) {
    error.file = "f";
    lines += error.ToString() + "\n";
  }

  EXPECT_EQ(lines, GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(
    All, ConfigNonsenseTest,
    testing::Values(
        Nonsense{"[profile.a]\nlauncher = 'command'",
                 "f:5: profile.a.launch_command: not set, but launcher is \"command\"; write the "
                 "program and its arguments, or choose another launcher\n"},
        Nonsense{"[profile.a]\ndeploy_mode = 'cluster'",
                 "f:6: profile.a.deploy_mode: launcher \"local\" starts drivers on this machine "
                 "only; set launcher = \"spark-submit\"\n"},
        Nonsense{
            "[profile.a]\ndeploy_mode = 'cluster'\nlauncher = 'spark-submit'",
            "f:5: profile.a.master: \"local[*]\" is no cluster; write one such as \"yarn\", or "
            "set deploy_mode = \"client\"\n"},
        Nonsense{"[profile.a]\nrun_as = 'proxy-user'\n[profile.b]\ninherits = 'a'",
                 "f:6: profile.a.run_as: only spark-submit knows proxy users; set launcher = "
                 "\"spark-submit\"\n"},
        Nonsense{"[profile.a]\nwarm_spares = 1\nlauncher = 'spark-submit'",
                 "f:6: profile.a.warm_spares: only launcher \"local\" keeps spares; write 0\n"},
        Nonsense{"[profile.a]\nwarm_spares = 1\nrun_as = 'os-user'",
                 "f:6: profile.a.warm_spares: a spare starts before its owner is known; write 0, "
                 "or run_as = \"login\"\n"},
        Nonsense{"[profile.a]\nclass_path = ['/a', 'b.jar']",
                 "f:6: profile.a.class_path: \"b.jar\" is not one absolute path; write each jar or "
                 "folder on its own, beginning with /\n"},
        Nonsense{"[profile.a]\nclass_path = ['/a:/b']",
                 "f:6: profile.a.class_path: \"/a:/b\" is not one absolute path; write each jar or "
                 "folder on its own, beginning with /\n"},
        Nonsense{"[profile.a]\nclient_conf = ['*']\n[profile.b]\ninherits = 'a'",
                 "f:6: profile.a.client_conf: \"*\" is no Spark setting; write names such as "
                 "\"spark.sql.shuffle.partitions\" or \"spark.sql.*\"\n"},
        Nonsense{"[profile.a]\nclient_conf = ['spark.*.x']",
                 "f:6: profile.a.client_conf: \"spark.*.x\" is no Spark setting; write names such "
                 "as \"spark.sql.shuffle.partitions\" or \"spark.sql.*\"\n"},
        Nonsense{"[profile.a]\nclient_conf = ['spark.foxfire.*']",
                 "f:6: profile.a.client_conf: no client can set \"spark.foxfire.*\": Foxfire sets "
                 "this itself; remove it\n"},
        Nonsense{
            "[profile.a]\nclient_conf = ['spark.sql.*', 'spark.master']",
            "f:6: profile.a.client_conf: no client can set \"spark.master\": Foxfire sets this "
            "itself; remove it\n"},
        Nonsense{"[profile.a]\nclient_conf = ['spark.submit.*', 'spark.kubernetes.Namespace']",
                 "f:6: profile.a.client_conf: no client can set \"spark.submit.*\": the profile "
                 "says how engines start; remove it\n"
                 "f:6: profile.a.client_conf: no client can set \"spark.kubernetes.Namespace\": "
                 "the profile says where engines run; remove it\n"},
        Nonsense{"[profile.a]\nclient_conf = ['spark.driver.memory*', 'spark.kubernetes.*']", ""},
        Nonsense{"[profile.a]\nclient_conf = ['spark.jars.*', 'spark.jars.packages']",
                 "f:6: profile.a.client_conf: \"spark.jars.packages\": launcher \"local\" fetches "
                 "no packages; set launcher = \"spark-submit\", or name the jars in class_path\n"},
        Nonsense{"[profile.a]\nspark_conf = { 'spark.foxfire.engine.id' = 'x' }",
                 "f:6: profile.a.spark_conf.spark.foxfire.engine.id: Foxfire sets this itself; "
                 "remove it\n"},
        Nonsense{"[profile.a]\nspark_conf = { 'spark.submit.deployMode' = 'x' }",
                 "f:6: profile.a.spark_conf.spark.submit.deployMode: Foxfire sets this itself; set "
                 "the profile's deploy_mode instead\n"},
        Nonsense{"[profile.a.spark_conf]\nspark.jars.packages = 'x:y:1'",
                 "f:6: profile.a.spark_conf.spark.jars.packages: launcher \"local\" fetches no "
                 "packages; set launcher = \"spark-submit\", or name the jars in class_path\n"},
        Nonsense{"[profile.a.spark_conf]\nspark.jars.ivySettings = '/x'",
                 "f:6: profile.a.spark_conf.spark.jars.ivySettings: launcher \"local\" fetches no "
                 "packages; set launcher = \"spark-submit\", or name the jars in class_path\n"},
        Nonsense{"[profile.a]\nlauncher = 'spark-submit'\n"
                 "spark_conf = { 'spark.jars.packages' = 'x:y:1' }",
                 ""},
        Nonsense{"[group.bi.spark_conf]\nspark.jars.packages = 'x:y:1'",
                 "f:6: group.bi.spark_conf.spark.jars.packages: launcher \"local\", which every "
                 "profile has, fetches no packages; set a profile's launcher = \"spark-submit\", "
                 "or name the jars in its class_path\n"},
        Nonsense{"[user.ann.spark_conf]\nspark.jars.packages = 'x:y:1'\n"
                 "[profile.a]\nlauncher = 'spark-submit'",
                 ""},
        Nonsense{"[user.ann.spark_conf]\nspark.kubernetes.namespace = 'x'\n"
                 "spark.submit.pyFiles = 'x'\nspark.master.rest.enabled = true",
                 "f:6: user.ann.spark_conf.spark.kubernetes.namespace: the profile says where "
                 "engines run; set the profile's kubernetes_namespace instead\n"
                 "f:8: user.ann.spark_conf.spark.master.rest.enabled: the profile says where "
                 "engines run; set it in the profile's spark_conf instead\n"
                 "f:7: user.ann.spark_conf.spark.submit.pyFiles: the profile says how engines "
                 "start; set it in the profile's spark_conf instead\n"},
        Nonsense{"[group.bi.spark_conf]\nspark.master = 'yarn'\nspark.driver.memory = '2g'",
                 "f:7: group.bi.spark_conf.spark.driver.memory: Foxfire sets this itself; set "
                 "driver_memory instead\n"
                 "f:6: group.bi.spark_conf.spark.master: Foxfire sets this itself; set the "
                 "profile's master instead\n"},
        Nonsense{"[profile.a.spark_conf]\nspark.kubernetes.context = 'prod'", ""},
        Nonsense{"[profile.a]\nbind_address = 'here'",
                 "f:6: profile.a.bind_address: \"here\" is not an IP address; write one such as "
                 "\"127.0.0.1\"\n"},
        Nonsense{"[profile.a]\nadvertise_host = 'a:1'",
                 "f:6: profile.a.advertise_host: \"a:1\" is not a host; write a host name or an IP "
                 "address, without a port\n"},
        Nonsense{"[profile.a]\nadvertise_host = 'auto'\nbind_address = '0.0.0.0'", ""},
        Nonsense{"[user.ann]\ndriver_memory = '100MiB'",
                 "f:6: user.ann.driver_memory: 100MiB is too little for Spark; write 512MiB or "
                 "more, or 0 for the profile's\n"},
        Nonsense{"[user.ann.spark_conf]\nsparc.x = 1",
                 "f:6: user.ann.spark_conf.sparc.x: not a Spark setting; write a name that begins "
                 "with spark.\n"},
        Nonsense{"[group.bi.environment]\nJAVA_HOME = '/x'",
                 "f:6: group.bi.environment.JAVA_HOME: Foxfire sets this itself; set the profile's "
                 "java_home instead\n"}));

}  // namespace
}  // namespace foxfire::server
