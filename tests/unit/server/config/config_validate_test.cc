#include "server/config/config_validate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/support/temp_folder.h"

namespace foxfire::server {
namespace {

using testing::HasSubstr;

// A folder in which everything that a configuration needs exists.
class ConfigValidateTest : public testing::Test {
 protected:
  ConfigValidateTest() {
    folder_.Write("bin/foxfire-engine.jar", "jar");
    folder_.Write("spark/jars/spark.jar", "jar");
    folder_.Write("spark2/jars/spark.jar", "jar");
    folder_.Write("cert.pem", "cert");
    folder_.Write("key.pem", "key");
  }

  // The mistakes in a file that would be right without `text`, one a line.
  std::string MistakesOf(const std::string& text) {
    const auto loaded = ParseConfig(text, folder_ / "f", {folder_ / "bin", 2});
    if (!loaded) return "unreadable: " + ToString(loaded.error());
    std::string all;
    for (ConfigError error : ValidateConfig(*loaded)) {
      error.file = "f";
      all += error.ToString() + "\n";
    }
    for (size_t at; (at = all.find(folder_.path().string())) != std::string::npos;)
      all.replace(at, folder_.path().string().size(), "F");
    return all;
  }

  static std::string With(const std::string& text) {
    return "[zookeeper]\nembedded = true\n[profile.default]\nspark_home = 'spark'\n" + text;
  }

  TempFolder folder_;
};

TEST_F(ConfigValidateTest, FindsNothingWrongWithWhatIsRight) {
  EXPECT_EQ(MistakesOf(With("")), "");
  EXPECT_EQ(MistakesOf(With("[tls]\ncertificate = 'cert.pem'\nkey = 'key.pem'\n[server]\nlisten = "
                            "'0.0.0.0:15002'")),
            "");
  EXPECT_EQ(MistakesOf(With("[server]\nlisten = '0.0.0.0:15002'\nallow_plaintext = true")), "");
  EXPECT_EQ(MistakesOf("[zookeeper]\nconnect = 'zk1:2181,10.0.0.2:2181,[::1]:2181'\nroot = '/a/b'"
                       "\n[profile.default]\nspark_home = 'spark'"),
            "");
  EXPECT_EQ(MistakesOf(With("[server]\nlisten = '127.0.0.1:0'\n[admin]\nlisten = '127.0.0.1:0'")),
            "");
}

TEST_F(ConfigValidateTest, AnEmptyFileNamesEverythingThatIsNeeded) {
  EXPECT_EQ(MistakesOf(""),
            "f: zookeeper.connect: no ZooKeeper is configured; set zookeeper.embedded = true, or "
            "connect to an ensemble's host:port[,host:port]\n"
            "f: profile.default.spark_home: not set; name the folder of a Spark 4 distribution\n");
}

struct Contradiction {
  const char* text;  // after four lines of With()
  const char* line;
};

class ContradictionTest : public ConfigValidateTest,
                          public testing::WithParamInterface<Contradiction> {};

TEST_P(ContradictionTest, IsOneLineWithACure) {
  EXPECT_EQ(MistakesOf(With(GetParam().text)), GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, ContradictionTest,
    testing::Values(
        Contradiction{"[tls]\ncertificate = 'cert.pem'",
                      "f:5: tls.key: not set, but tls.certificate is; name the certificate's "
                      "private key\n"},
        Contradiction{"[engine]\nprofile = 'etl'",
                      "f:6: engine.profile: there is no profile \"etl\"; correct it, or write a "
                      "section [profile.etl]\n"},
        Contradiction{"[group.bi]\nclient_profiles = ['*', 'etl']",
                      "f:6: group.bi.client_profiles: there is no profile \"etl\"; correct it, or "
                      "write a section [profile.etl]\n"},
        Contradiction{"[user.ann]\nclient_share_levels = ['users']",
                      "f:6: user.ann.client_share_levels: \"users\" is no share level; write "
                      "connection, user, group or server\n"},
        Contradiction{"[engine]\nprestart_lead = '30m'\n[group.bi]\nprestart = true",
                      "f:6: engine.prestart_lead: 30m is not less than engine.idle_timeout (30m): "
                      "engines that are started ahead would end before their users come; make it "
                      "shorter, or engine.idle_timeout longer\n"},
        Contradiction{"[engine]\nprestart_lead = '2h'\nidle_timeout = '0s'\nprestart = true", ""},
        Contradiction{"[store]\nretention = '13d'\n[user.ann]\nprestart = true",
                      "f:6: store.retention: 13d is less than 14d: of what prestart looks at, two "
                      "weeks are needed; make it longer, 28d for all four weeks, or take prestart "
                      "out\n"},
        Contradiction{"[engine]\nprestart_lead = '1h'\n[store]\nretention = '1h'", ""},
        Contradiction{"[tls]\nkey = 'key.pem'",
                      "f:5: tls.certificate: not set, but tls.key is; name the key's "
                      "certificate\n"},
        Contradiction{"[tls]\ncertificate = 'none.pem'\nkey = 'spark'",
                      "f:6: tls.certificate: F/none.pem: No such file or directory; name a PEM "
                      "file\n"
                      "f:7: tls.key: F/spark: not a regular file; name a PEM file\n"},
        Contradiction{"[server]\nlisten = '0.0.0.0:15002'",
                      "f:6: server.listen: 0.0.0.0:15002 can be reached by other machines, and "
                      "without TLS tokens would cross the network readable; set tls.certificate "
                      "and tls.key, or listen on 127.0.0.1, or set server.allow_plaintext = "
                      "true\n"},
        Contradiction{"[admin]\nlisten = '[::]:1'",
                      "f:6: admin.listen: [::]:1 can be reached by other machines, and without TLS "
                      "tokens would cross the network readable; set tls.certificate and tls.key, "
                      "or listen on 127.0.0.1, or set server.allow_plaintext = true\n"},
        Contradiction{"[admin]\nenabled = false\nlisten = '[::]:1'", ""},
        Contradiction{"[http]\nlisten = '0.0.0.0:15002'",
                      "f:6: http.listen: port 15002 is also that of server.listen; give each a "
                      "port of its own\n"},
        Contradiction{"[http]\nlisten = '127.0.0.1:15005'",
                      "f:1: zookeeper.embedded_port: port 15005 is also that of http.listen; give "
                      "each a port of its own\n"},
        Contradiction{"[engine]\nbind_address = 'localhost'",
                      "f:6: engine.bind_address: \"localhost\" is not an IP address; write one "
                      "such as \"127.0.0.1\"\n"},
        Contradiction{"[engine]\nadvertise_host = 'host:1'",
                      "f:6: engine.advertise_host: \"host:1\" is not a host; write a host name or "
                      "an IP address, without a port\n"},
        Contradiction{"[engine]\nlost_timeout = '10s'",
                      "f:6: engine.lost_timeout: 10s is less than zookeeper.session_timeout (15s): "
                      "engines would stop before ZooKeeper gives them up; make it longer\n"},
        Contradiction{"[limits]\nheld_bytes = '1MiB'",
                      "f:6: limits.held_bytes: 1MiB is less than limits.message_bytes (128MiB): "
                      "such a message could never wait for an engine; make it larger\n"},
        Contradiction{"[engine]\njar = 'none.jar'",
                      "f:6: engine.jar: F/none.jar: No such file or directory; build "
                      "foxfire-engine.jar, or set engine.jar to where it lies\n"},
        Contradiction{"master = ''",
                      "f:5: profile.default.master: empty; write one such as \"local[*]\"\n"},
        Contradiction{"python = ''",
                      "f:5: profile.default.python: empty; write one such as \"python3\"\n"},
        Contradiction{"python = 'venv/python'",
                      "f:5: profile.default.python: F/venv/python: No such file or directory; name "
                      "a Python 3\n"},
        Contradiction{"java_home = 'spark'",
                      "f:5: profile.default.java_home: F/spark/bin/java: No such file or "
                      "directory; name the folder of a Java 17\n"},
        Contradiction{"python = 'spark/jars/spark.jar'",
                      "f:5: profile.default.python: F/spark/jars/spark.jar: not an executable "
                      "file; name a Python 3\n"},
        Contradiction{"[server]\nstate_folder = ''\ncluster_secret_file = ''\n[store]\nfile = ''\n"
                      "[auth]\ntoken_file = ''\nbootstrap_admin_file = ''",
                      "f:6: server.state_folder: empty; name a folder that foxfired may write to\n"
                      "f:11: auth.token_file: empty; name a file; it need not exist yet\n"
                      "f:7: server.cluster_secret_file: empty; name a file; it need not exist yet\n"
                      "f:9: store.file: empty; name a file; it need not exist yet\n"},
        Contradiction{"[server]\nstate_folder = 'cert.pem/x'",
                      "f:6: server.state_folder: F/cert.pem: not a folder; name a folder that "
                      "foxfired may write to\n"}));

INSTANTIATE_TEST_SUITE_P(
    Routes, ContradictionTest,
    testing::Values(
        Contradiction{"[route.a]\nteam = 'data'\ngroup = 'data'", ""},
        Contradiction{"[route.a]\ngroup = 'data'",
                      "f:5: route.a: no client takes this route; set team, environment or both\n"},
        Contradiction{"[route.a]\nteam = 'data'",
                      "f:5: route.a: this route leads nowhere; set group, profile or subdomain\n"},
        Contradiction{"[route.a]\nteam = 'data'\nprofile = 'etl'",
                      "f:7: route.a.profile: there is no profile \"etl\"; correct it, or write a "
                      "section [profile.etl]\n"},
        Contradiction{"[route.a]\nteam = 'data'\nsubdomain = 'a b'",
                      "f:7: route.a.subdomain: not a subdomain; use up to 64 of A-Z a-z 0-9 - _ "
                      ".\n"},
        Contradiction{"[routing]\nheader_team = ''\n[route.a]\nteam = 'data'\ngroup = 'data'",
                      "f:8: route.a.team: no header says the team; set routing.header_team\n"},
        Contradiction{"[routing]\nheader_team = 'X-Team'",
                      "f:6: routing.header_team: \"X-Team\" cannot be such a header; write another "
                      "name in lower case, such as x-team\n"},
        Contradiction{"[routing]\nheader_team = 'cookie'",
                      "f:6: routing.header_team: \"cookie\" cannot be such a header; write another "
                      "name in lower case, such as x-team\n"},
        Contradiction{"[routing]\nheader_team = 'x-environment'",
                      "f:5: routing.header_environment: the same header as routing.header_team; "
                      "name another one\n"},
        Contradiction{"[route.a]\nteam = 'data'\ngroup = 'data'\n"
                      "[route.b]\nteam = 'data'\nprofile = 'default'",
                      "f:8: route.b: the same team and environment as [route.a]; remove one of "
                      "them\n"}));

INSTANTIATE_TEST_SUITE_P(
    Profiles, ContradictionTest,
    testing::Values(
        Contradiction{"[profile.etl]\nspark_home = 'none'",
                      "f:6: profile.etl.spark_home: F/none: no such folder; name the folder of a "
                      "Spark 4 distribution\n"},
        Contradiction{"[profile.etl]\nspark_home = 'bin'",
                      "f:6: profile.etl.spark_home: F/bin: not a Spark home, it has no folder "
                      "jars; name the folder of a Spark 4 distribution\n"},
        Contradiction{"[profile.etl]\nspark_home = 'spark2'", ""},
        Contradiction{"[profile.default.spark_conf]\nspark.x = 1\nspark.master = 'yarn'\n"
                      "[profile.etl.spark_conf]\nspark.y = 1",
                      "f:7: profile.default.spark_conf.spark.master: Foxfire sets this itself; set "
                      "the profile's master instead\n"},
        Contradiction{"[profile.etl.spark_conf]\nsparc.y = 1",
                      "f:6: profile.etl.spark_conf.sparc.y: not a Spark setting; write a name that "
                      "begins with spark.\n"},
        Contradiction{"[profile.default.spark_conf]\n'spark.x' = \"a\\nb\"",
                      "f:6: profile.default.spark_conf.spark.x: holds a line break; write it on "
                      "one line\n"},
        Contradiction{
            "[profile.default.environment]\n'1X' = 'a'\nJAVA_HOME = '/x'\nY = \"\\u0000\"",
            "f:6: profile.default.environment.1X: not the name of an environment "
            "variable; use A-Z a-z 0-9 _\n"
            "f:7: profile.default.environment.JAVA_HOME: Foxfire sets this itself; set "
            "the profile's java_home instead\n"
            "f:8: profile.default.environment.Y: holds a zero byte; remove it\n"}));

TEST_F(ConfigValidateTest, ZooKeeperIsEitherEmbeddedOrElsewhere) {
  EXPECT_EQ(MistakesOf("[zookeeper]\nembedded = true\nconnect = 'zk:2181'\n[profile.default]\n"
                       "spark_home = 'spark'"),
            "f:3: zookeeper.connect: contradicts zookeeper.embedded = true; remove one of them\n");
  for (const char* servers : {"zk", "zk:0", "zk:2181,", "zk:2181, b:2181", "zk:2181/foxfire"}) {
    EXPECT_THAT(MistakesOf(fmt::format("[zookeeper]\nconnect = '{}'\n[profile.default]\nspark_home "
                                       "= 'spark'",
                                       servers)),
                HasSubstr("is not a list of servers"))
        << servers;
  }
}

TEST_F(ConfigValidateTest, TheRootMustBeAPathThatZooKeeperTakes) {
  for (const char* root : {"", "/", "foxfire", "/foxfire/", "/a//b", "/a/../b", "/.", "/a b"}) {
    EXPECT_THAT(MistakesOf(fmt::format("[zookeeper]\nembedded = true\nroot = '{}'\n"
                                       "[profile.default]\nspark_home = 'spark'",
                                       root)),
                HasSubstr("f:3: zookeeper.root: "))
        << root;
  }
}

TEST_F(ConfigValidateTest, FilesWithSecretsMustBeTheOwnersAlone) {
  folder_.Write("var/tokens.json", "{}", 0640);
  folder_.Write("var/cluster.secret", "x", 0604);
  folder_.Write("var/tokens/admin", "x", 0600);
  folder_.Write("digest", "user:password", 0660);

  const std::string mistakes = MistakesOf(
      "[zookeeper]\nembedded = true\ndigest_file = 'digest'\n[profile.default]\nspark_home = "
      "'spark'");

  EXPECT_EQ(mistakes,
            "f: auth.token_file: F/var/tokens.json: others may read or write it (mode 0640); chmod "
            "600 F/var/tokens.json\n"
            "f: server.cluster_secret_file: F/var/cluster.secret: others may read or write it "
            "(mode 0604); chmod 600 F/var/cluster.secret\n"
            "f:3: zookeeper.digest_file: F/digest: others may read or write it (mode 0660); chmod "
            "600 F/digest\n");
}

TEST_F(ConfigValidateTest, AMissingDigestFileIsNamedButANewTokenFileIsNot) {
  EXPECT_EQ(MistakesOf("[zookeeper]\nembedded = true\ndigest_file = 'digest'\n[profile.default]\n"
                       "spark_home = 'spark'\n[auth]\ntoken_file = 'new.json'"),
            "f:3: zookeeper.digest_file: F/digest: No such file or directory; write user:password "
            "into a file of mode 0600 and name it\n");
}

TEST_F(ConfigValidateTest, ATokenFileThatIsAFolderIsNamed) {
  EXPECT_EQ(MistakesOf(With("[auth]\ntoken_file = 'spark'")),
            "f:6: auth.token_file: F/spark: not a regular file; name a file that foxfired can "
            "read\n");
}

// Runs `action` as a user without privileges; files that it cannot read are then unreadable even
// where tests run as root.
template <typename Action>
void WithoutPrivileges(Action action) {
  const uid_t before = geteuid();
  constexpr uid_t kNobody = 65534;
  if (before == 0) {
    ASSERT_EQ(seteuid(kNobody), 0);
  }
  action();
  if (before == 0) {
    ASSERT_EQ(seteuid(before), 0);
  }
}

TEST_F(ConfigValidateTest, AnUnreadableTokenFileIsNamed) {
  const Path file = folder_.Write("var/tokens.json", "{}");
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod(file.c_str(), 0), 0);

  std::string mistakes;
  WithoutPrivileges([&] { mistakes = MistakesOf(With("")); });

  EXPECT_THAT(mistakes, HasSubstr("f: auth.token_file: F/var/tokens.json: Permission denied; let "
                                  "the user that foxfired runs as (uid "));
}

TEST_F(ConfigValidateTest, AStateFolderThatCannotBeWrittenIsNamed) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 0555), 0);  // mkdtemp makes it 0700

  std::string mistakes;
  WithoutPrivileges([&] { mistakes = MistakesOf(With("")); });
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);

  EXPECT_THAT(mistakes, HasSubstr("f: server.state_folder: F: Permission denied; let the user"));
}

}  // namespace
}  // namespace foxfire::server
