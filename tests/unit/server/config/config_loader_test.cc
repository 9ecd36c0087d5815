#include "server/config/config_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const LoadContext kContext{"/opt/foxfire/bin", 8};

auto Parse(std::string_view text) {
  return ParseConfig(text, "/etc/foxfire/foxfire.toml", kContext);
}

// The mistakes, one a line, without the file's name.
std::string MistakesOf(std::string_view text) {
  const auto loaded = Parse(text);
  if (loaded) return "";
  std::string all;
  for (ConfigError error : loaded.error()) {
    EXPECT_EQ(error.file, "/etc/foxfire/foxfire.toml");
    error.file = "f";
    all += error.ToString() + "\n";
  }
  return all;
}

TEST(ConfigLoaderTest, AnEmptyFileGivesDefaultsThatAreFilledIn) {
  const auto loaded = Parse("");

  ASSERT_TRUE(loaded);
  const Config& config = loaded->config;
  EXPECT_EQ(config.server.listen, (ListenAddress{"127.0.0.1", 15002}));
  EXPECT_EQ(config.server.loops, 4);
  EXPECT_EQ(config.server.public_host, "localhost");
  EXPECT_EQ(config.server.state_folder, "/etc/foxfire/var");
  EXPECT_EQ(config.server.cluster_secret_file, "/etc/foxfire/var/cluster.secret");
  EXPECT_EQ(config.server.pid_file, "");
  EXPECT_EQ(config.auth.bootstrap_admin_file, "/etc/foxfire/var/tokens/admin");
  EXPECT_EQ(config.engine.jar, "/opt/foxfire/bin/foxfire-engine.jar");
  EXPECT_EQ(config.engine.concurrent_launches, 4);
  EXPECT_EQ(config.store.file, "/etc/foxfire/var/foxfire.db");
  EXPECT_EQ(config.profiles.count("default"), 1U);
}

TEST(ConfigLoaderTest, OneCoreStillGetsOneLoopAndOneLaunch) {
  const auto loaded = ParseConfig("", "/f.toml", {"/bin", 1});

  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.server.loops, 1);
  EXPECT_EQ(loaded->config.engine.concurrent_launches, 1);
}

TEST(ConfigLoaderTest, ReadsEveryKindOfValue) {
  const auto loaded = Parse(R"(
    [server]
    listen = "[::1]:0"
    loops = 3
    allow_plaintext = true
    drain_timeout = "1500ms"
    on_shutdown = "stop"
    state_folder = "/srv/foxfire"
    pid_file = "../run/pid"
    [auth]
    token_file = "<state>/t.json"
    [engine]
    share_level = "group"
    max_lifetime = "0s"
    [limits]
    message_bytes = "1MiB"
    [profile.default]
    python = "venv/bin/python"
    java_options = ["-Xss4m", "-Dx=y"]
    [profile.default.environment]
    TZ = "UTC"
  )");

  ASSERT_TRUE(loaded) << ToString(loaded.error());
  const Config& config = loaded->config;
  EXPECT_EQ(config.server.listen, (ListenAddress{"::1", 0}));
  EXPECT_EQ(config.server.loops, 3);
  EXPECT_TRUE(config.server.allow_plaintext);
  EXPECT_EQ(config.server.drain_timeout, 1500ms);
  EXPECT_EQ(config.server.on_shutdown, ShutdownPolicy::kStop);
  EXPECT_EQ(config.server.pid_file, "/etc/run/pid");
  EXPECT_EQ(config.auth.token_file, "/srv/foxfire/t.json");
  EXPECT_EQ(config.engine.sharing.share_level, ShareLevel::kGroup);
  EXPECT_EQ(config.engine.max_lifetime, 0s);
  EXPECT_EQ(config.limits.message_bytes, 1U << 20);
  const ProfileConfig& profile = config.profiles.at("default");
  EXPECT_EQ(profile.python.command, "/etc/foxfire/venv/bin/python");
  EXPECT_EQ(profile.java_options, (std::vector<std::string>{"-Xss4m", "-Dx=y"}));
  EXPECT_EQ(profile.environment, (StringMap{{"TZ", "UTC"}}));
}

TEST(ConfigLoaderTest, ProfilesTakeFromTheDefaultOneWhatTheyDoNotSet) {
  const auto loaded = Parse(R"(
    [profile.aaa]
    driver_memory = "2GiB"
    spark_conf = { "spark.x" = "own", "spark.z" = "3" }
    [profile.default]
    spark_home = "/opt/spark"
    driver_memory = "1GiB"
    spark_conf = { "spark.x" = "1", "spark.y" = "2" }
  )");

  ASSERT_TRUE(loaded) << ToString(loaded.error());
  const ProfileConfig& profile = loaded->config.profiles.at("aaa");
  EXPECT_EQ(profile.spark_home, "/opt/spark");
  EXPECT_EQ(profile.driver_memory, 2ULL << 30);
  EXPECT_EQ(profile.spark_conf,
            (StringMap{{"spark.x", "own"}, {"spark.y", "2"}, {"spark.z", "3"}}));
}

TEST(ConfigLoaderTest, SparkSettingsNeedNeitherQuotesNorText) {
  const auto loaded = Parse(R"(
    [profile.default.spark_conf]
    spark.sql.shuffle.partitions = 8
    spark.sql.adaptive.enabled = true
    spark.memory.fraction = 0.5
    "spark.app.name" = "x"
  )");

  ASSERT_TRUE(loaded) << ToString(loaded.error());
  EXPECT_EQ(loaded->config.profiles.at("default").spark_conf,
            (StringMap{{"spark.app.name", "x"},
                       {"spark.memory.fraction", "0.5"},
                       {"spark.sql.adaptive.enabled", "true"},
                       {"spark.sql.shuffle.partitions", "8"}}));
}

TEST(ConfigLoaderTest, TheHostForClientsFollowsTheAddress) {
  EXPECT_EQ(Parse("[server]\nlisten = '10.0.0.7:1'")->config.server.public_host, "10.0.0.7");
  EXPECT_EQ(Parse("[server]\nlisten = '0.0.0.0:1'")->config.server.public_host, HostName());
  EXPECT_EQ(Parse("[server]\npublic_host = 'spark.example'")->config.server.public_host,
            "spark.example");
}

TEST(ConfigLoaderTest, AMistakeIsOneLineThatSaysWhereWhatAndHowToMendIt) {
  struct Case {
    const char* text;
    const char* line;
  };
  for (const Case& c : {
           Case{"[limits]\nconections = 5",
                "f:2: limits.conections: unknown key; did you mean connections?\n"},
           Case{"[server]\nspark_home = '/x'",
                "f:2: server.spark_home: unknown key; spark_home belongs to [profile.<name>]\n"},
           Case{"[server]\nqqqqqqqqqqqq = 1",
                "f:2: server.qqqqqqqqqqqq: unknown key; remove it; the keys are in "
                "docs/configuration.md\n"},
           Case{"[enigne]", "f:1: enigne: unknown section; did you mean [engine]?\n"},
           Case{"[x]",
                "f:1: x: unknown section; the sections are server, tls, admin, http, zookeeper, "
                "auth, engine, group, user, profile, routing, route, session, limits, store, "
                "log\n"},
           Case{"listen = 'x'",
                "f:1: listen: this key is in no section; move it below a line such as [server]\n"},
           Case{"server = 1",
                "f:1: server: expected a section, got a whole number; write [server] on a line of "
                "its own\n"},
           Case{"[server]\nloops = '2'",
                "f:2: server.loops: expected a whole number, got a string; write a whole number "
                "without quotes\n"},
           Case{"[server]\nloops = 257", "f:2: server.loops: 257 is out of range; write 0..256\n"},
           Case{"[server]\nallow_plaintext = 'yes'",
                "f:2: server.allow_plaintext: expected a boolean, got a string; write true or "
                "false\n"},
           Case{"[engine]\nidle_timeout = 30",
                "f:2: engine.idle_timeout: expected a duration, got a whole number; write a number "
                "and unit in quotes, such as \"30s\"\n"},
           Case{"[engine]\nlaunch_timeout = '2h'",
                "f:2: engine.launch_timeout: \"2h\" is out of range; write 1s..1h\n"},
           Case{"[limits]\nheader_bytes = '64kb'",
                "f:2: limits.header_bytes: \"64kb\" is not a size: write a number and KiB, MiB or "
                "GiB, such as \"128MiB\"\n"},
           Case{"[limits]\nheader_bytes = 0.5",
                "f:2: limits.header_bytes: expected a size, got a fraction; write a number and "
                "unit in quotes, such as \"64MiB\"\n"},
           Case{"user = 1",
                "f:1: user: expected a section, got a whole number; write "
                "[user.<name>] on a line of its own\n"},
           Case{"[user]\nalice = 1",
                "f:2: user.alice: expected a section, got a whole number; write [user.<name>] on "
                "a line of its own\n"},
           Case{"[group.bi]\nprofil = 'etl'",
                "f:2: group.bi.profil: unknown key; did you mean profile?\n"},
           Case{"[engine]\nshare_level = 'User'",
                "f:2: engine.share_level: \"User\" is not a choice; write connection, user, group "
                "or server\n"},
           Case{"[server]\non_shutdown = 'kill'",
                "f:2: server.on_shutdown: \"kill\" is not a choice; write keep or stop\n"},
           Case{"[log]\nlevel = 'verbose'",
                "f:2: log.level: \"verbose\" is not a choice; write trace, debug, info, warn or "
                "error\n"},
           Case{"[server]\nlisten = 15002",
                "f:2: server.listen: expected an address, got a whole number; write "
                "\"host:port\"\n"},
           Case{"[server]\nlisten = ':15002'",
                "f:2: server.listen: \":15002\" is not an address to listen on: write host:port, "
                "such as \"127.0.0.1:15002\" or \"[::1]:15002\"\n"},
           Case{"[store]\nfile = true",
                "f:2: store.file: expected a path, got a boolean; write a path in quotes\n"},
           Case{"[profile.default]\njava_options = '-Xss4m'",
                "f:2: profile.default.java_options: expected a list of strings, got a string; "
                "write a list such as [\"a\", \"b\"]\n"},
           Case{"[profile.default]\njava_options = ['a',\n1]",
                "f:3: profile.default.java_options: expected a list of strings, got a whole number "
                "in it; write a list such as [\"a\", \"b\"]\n"},
           Case{"[profile.default.spark_conf]\n'spark.x' = ['a']",
                "f:2: profile.default.spark_conf: spark.x: expected a string, got a list; write a "
                "text in quotes\n"},
           Case{"[profile.default]\nenvironment = 1979-05-27",
                "f:2: profile.default.environment: expected a table of strings, got a date or "
                "time; write a section of its own with lines \"name\" = \"value\"\n"},
           Case{"profile = 1",
                "f:1: profile: expected a section, got a whole number; write [profile.default] on "
                "a line of its own\n"},
           Case{"[profile]\nspark_home = '/opt/spark'",
                "f:2: profile.spark_home: expected a section, got a string; move spark_home into "
                "[profile.default]\n"},
           Case{"[profile]\netl = 1",
                "f:2: profile.etl: expected a section, got a whole number; write [profile.etl] on "
                "a line of its own\n"},
           Case{"[profile.'a/b']",
                "f:1: profile.a/b: not a profile's name; use up to 64 of A-Z a-z 0-9 - _\n"},
           Case{"[profile.etl]\nmastr = 'x'",
                "f:2: profile.etl.mastr: unknown key; did you mean master?\n"},
       })
    EXPECT_EQ(MistakesOf(c.text), c.line) << c.text;
}

TEST(ConfigLoaderTest, GroupsAndUsersTakeFromEngineWhatTheyDoNotSet) {
  const auto loaded = ParseConfig(R"(
    [user."ann@example.com"]
    profile = "mine"
    [group.bi]
    share_level = "group"
    client_profiles = []
    [engine]
    client_share_levels = ["connection"]
    profile = "etl"
  )",
                                  "/etc/f", {"/opt/foxfire/bin", 2});

  ASSERT_TRUE(loaded) << ToString(loaded.error());
  const SharingConfig ann = loaded->config.users.at("ann@example.com").sharing;
  EXPECT_EQ(ann, (SharingConfig{ShareLevel::kUser, {"connection"}, "mine", {"*"}}));
  const SharingConfig bi = loaded->config.groups.at("bi").sharing;
  EXPECT_EQ(bi, (SharingConfig{ShareLevel::kGroup, {"connection"}, "etl", {}}));
  EXPECT_EQ(loaded->ErrorAt("user.ann@example.com.profile", "", "").line, 3U);
}

TEST(ConfigLoaderTest, AllMistakesAreNamedByLine) {
  const auto loaded = Parse("[tls]\nkeyy = 1\n[admin]\nenabled = 1\n\n[log]\nlevel = 2\n");

  ASSERT_FALSE(loaded);
  const std::string text = ToString(loaded.error());
  const size_t first = text.find("toml:2: tls.keyy");
  const size_t second = text.find("toml:4: admin.enabled");
  const size_t third = text.find("toml:7: log.level");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_NE(third, std::string::npos);
}

TEST(ConfigLoaderTest, WhatIsNoTomlIsNamedWithItsLine) {
  for (const char* text : {"[server]\nlisten = = 1", "[server]\n[server", "a\n", "[server]\nx=\"",
                           "\xff\xfe", "[server]\n[server]\n", "x = 99999999999999999999999"}) {
    const std::string mistakes = MistakesOf(text);
    EXPECT_THAT(mistakes, HasSubstr("not TOML")) << text;
    EXPECT_EQ(std::count(mistakes.begin(), mistakes.end(), '\n'), 1) << mistakes;
  }
  EXPECT_THAT(MistakesOf("[server]\nlisten = = 1"), HasSubstr("f:2: not TOML"));
}

TEST(ConfigLoaderTest, DeepNestingIsAMistakeAndNoCrash) {
  EXPECT_NE(MistakesOf("x = " + std::string(100000, '[')), "");
}

TEST(ConfigLoaderTest, MistakesStayOnOneLineWhateverTheFileHolds) {
  const std::string mistakes = MistakesOf("[log]\nlevel = \"a\\n\\u001b[31mb\"\n\"x\\ny\" = 1");

  EXPECT_EQ(std::count(mistakes.begin(), mistakes.end(), '\n'), 2);
  EXPECT_EQ(mistakes.find('\x1b'), std::string::npos);
}

TEST(ConfigLoaderTest, ReadsAFileWhosePathsCountFromItsFolder) {
  const TempFolder folder;
  const Path file = folder.Write("conf/foxfire.toml", "[server]\nstate_folder = 'state'\n");

  const auto loaded = LoadConfig(file, kContext);

  ASSERT_TRUE(loaded) << ToString(loaded.error());
  EXPECT_EQ(loaded->config.server.state_folder, folder / "conf/state");
  EXPECT_EQ(loaded->file, file.string());
}

TEST(ConfigLoaderTest, AFileThatCannotBeReadIsNamed) {
  const TempFolder folder;

  const auto missing = LoadConfig(folder / "missing.toml", kContext);
  const auto a_folder = LoadConfig(folder.path(), kContext);

  ASSERT_FALSE(missing);
  EXPECT_THAT(ToString(missing.error()), HasSubstr("missing.toml: No such file or directory"));
  EXPECT_THAT(ToString(missing.error()), HasSubstr("name a configuration file with --config"));
  ASSERT_FALSE(a_folder);
  EXPECT_THAT(ToString(a_folder.error()), HasSubstr("not a regular file"));
}

TEST(ConfigLoaderTest, TheContextIsThisProcess) {
  const LoadContext context = CurrentLoadContext();

  EXPECT_GE(context.cores, 1U);
  EXPECT_TRUE(std::filesystem::exists(context.program_folder / "server_config_test"));
}

TEST(DescribeEffectiveConfigTest, CanBeReadAgainAndGivesTheSame) {
  const auto loaded = Parse(R"(
    [server]
    loops = 3
    [profile.etl]
    master = "yarn"
    spark_conf = { "spark.x" = "a \"b\"" }
  )");
  ASSERT_TRUE(loaded);

  const std::string text = DescribeEffectiveConfig(loaded->config);
  const auto again = Parse(text);

  ASSERT_TRUE(again) << text << ToString(again.error());
  EXPECT_EQ(again->config, loaded->config);
  EXPECT_THAT(text, HasSubstr("[profile.etl]"));
}

TEST(DescribeEffectiveConfigTest, ShowsNoSecrets) {
  const auto loaded = Parse(R"(
    [profile.default]
    java_options = ["-Djavax.net.ssl.keyStorePassword=s3same", "-Xss4m"]
    [profile.default.spark_conf]
    "spark.hadoop.fs.s3a.secret.key" = "s3same"
    "spark.hadoop.fs.s3a.access.key" = "s3same"
    "spark.driver.extraJavaOptions" = "-Dpassword=s3same"
    "spark.app.name" = "shown"
    [profile.default.environment]
    AWS_SECRET_ACCESS_KEY = "s3same"
    GITHUB_TOKEN = "s3same"
  )");
  ASSERT_TRUE(loaded);

  const std::string text = DescribeEffectiveConfig(loaded->config);

  EXPECT_EQ(text.find("s3same"), std::string::npos) << text;
  EXPECT_THAT(text, HasSubstr("<redacted>"));
  EXPECT_THAT(text, HasSubstr("shown"));
  EXPECT_THAT(text, HasSubstr("-Xss4m"));
}

}  // namespace
}  // namespace foxfire::server
