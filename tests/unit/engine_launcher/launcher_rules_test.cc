#include "engine_launcher/launcher_rules.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "tests/support/fake_installation.h"

namespace foxfire::launcher {
namespace {

using testing::HasSubstr;

EngineProfile Submitting(const std::string& master, DeployMode mode = DeployMode::kClient) {
  EngineProfile profile;
  profile.name = "etl";
  profile.spark_home = "/opt/spark";
  profile.launcher = LauncherKind::kSparkSubmit;
  profile.master = master;
  profile.deploy_mode = mode;
  return profile;
}

EngineProfile ByCommand() {
  EngineProfile profile;
  profile.name = "etl";
  profile.launcher = LauncherKind::kCommand;
  profile.launch_command = {"/opt/start", "{engine_id}"};
  return profile;
}

TEST(CheckLauncherKeysTest, AcceptsEveryWayToLaunch) {
  EngineProfile pods = Submitting("k8s://https://kube", DeployMode::kCluster);
  pods.engine_jar = "local:///opt/foxfire-engine.jar";
  pods.kubernetes_namespace = "spark";
  pods.run_as = RunAs::kProxyUser;
  EngineProfile yarn = Submitting("yarn", DeployMode::kCluster);
  yarn.queue = "etl";
  yarn.run_as = RunAs::kOsUser;
  EngineProfile command = ByCommand();
  command.kill_command = {"/opt/stop", "{submission_id}"};

  for (const EngineProfile& profile :
       {EngineProfile(), Submitting("local[2]"), Submitting("spark://a:1", DeployMode::kCluster),
        pods, yarn, command}) {
    const auto checked = CheckLauncherKeys(profile);
    EXPECT_TRUE(checked) << checked.error().message;
  }
}

struct BadProfile {
  const char* what;
  EngineProfile profile;
  std::function<void(EngineProfile&)> spoil;
  const char* key;
  const char* cure;
};

class LauncherKeysErrorTest : public testing::TestWithParam<BadProfile> {};

TEST_P(LauncherKeysErrorTest, NamesKeyAndCure) {
  EngineProfile profile = GetParam().profile;
  profile.name = "etl";
  profile.spark_home = "/opt/spark";
  GetParam().spoil(profile);

  const auto checked = CheckProfile(profile);

  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Code::kInvalidArgument);
  EXPECT_THAT(checked.error().message, HasSubstr(std::string("profile.etl.") + GetParam().key));
  EXPECT_THAT(checked.error().message, HasSubstr(GetParam().cure));
}

constexpr DeployMode kCluster = DeployMode::kCluster;

INSTANTIATE_TEST_SUITE_P(
    Table, LauncherKeysErrorTest,
    testing::Values(
        BadProfile{"ClusterWithoutSubmit",
                   {},
                   [](auto& p) { p.deploy_mode = kCluster; },
                   "deploy_mode",
                   "spark-submit"},
        BadProfile{"QueueWithoutYarn", Submitting("spark://a:1"), [](auto& p) { p.queue = "q"; },
                   "queue", "yarn"},
        BadProfile{"NamespaceWithoutKubernetes", Submitting("yarn"),
                   [](auto& p) { p.kubernetes_namespace = "n"; }, "kubernetes_namespace", "k8s://"},
        BadProfile{"JarInClientMode", Submitting("yarn"), [](auto& p) { p.engine_jar = "x"; },
                   "engine_jar", "cluster"},
        BadProfile{"CommandOfAnother",
                   {},
                   [](auto& p) { p.launch_command = {"x"}; },
                   "launch_command",
                   "\"command\""},
        BadProfile{"KillCommandOfAnother",
                   {},
                   [](auto& p) { p.kill_command = {"x"}; },
                   "kill_command",
                   "\"command\""},
        BadProfile{"SparesBySubmit", Submitting("yarn"), [](auto& p) { p.warm_spares = 1; },
                   "warm_spares", "set it to 0"},
        BadProfile{"SparesOfOsUsers",
                   {},
                   [](auto& p) {
                     p.warm_spares = 1;
                     p.run_as = RunAs::kOsUser;
                   },
                   "warm_spares",
                   "login"},
        BadProfile{"ProxyUserWithoutSubmit",
                   {},
                   [](auto& p) { p.run_as = RunAs::kProxyUser; },
                   "run_as",
                   "spark-submit"},
        BadProfile{"ProxyUserOfStandaloneDriver", Submitting("spark://a:1", kCluster),
                   [](auto& p) { p.run_as = RunAs::kProxyUser; }, "run_as", "client"},
        BadProfile{"OsUserOfStandaloneDriver", Submitting("spark://a:1", kCluster),
                   [](auto& p) { p.run_as = RunAs::kOsUser; }, "run_as", "client"},
        BadProfile{"NoMaster", Submitting("mesos://a"), [](auto&) {}, "master", "k8s://"},
        BadProfile{"ClusterOfOneMachine", Submitting("local[*]", kCluster), [](auto&) {},
                   "deploy_mode", "set master"},
        BadProfile{"PodsWithoutJar", Submitting("k8s://https://a", kCluster), [](auto&) {},
                   "engine_jar", "local:///"},
        BadProfile{"HeapAsOption", Submitting("yarn"), [](auto& p) { p.java_options = {"-Xmx2g"}; },
                   "java_options", "driver_memory"},
        BadProfile{"MasterAsConf", Submitting("yarn"),
                   [](auto& p) { p.spark_conf["spark.master"] = "yarn"; }, "spark_conf",
                   "profile's master"},
        BadProfile{"OwnSetting",
                   {},
                   [](auto& p) { p.spark_conf["spark.foxfire.engine.id"] = "x"; },
                   "spark_conf",
                   "Foxfire sets this itself"},
        BadProfile{"NoCommand", ByCommand(), [](auto& p) { p.launch_command = {}; },
                   "launch_command", "for example"},
        BadProfile{"UnknownPlaceholder", ByCommand(),
                   [](auto& p) {
                     p.launch_command = {"/x", "{owner}"};
                   },
                   "launch_command", "{engine_id}"},
        BadProfile{"UnknownInKill", ByCommand(),
                   [](auto& p) {
                     p.kill_command = {"/x", "{pid}"};
                   },
                   "kill_command", "{submission_id}"},
        BadProfile{"NoProgramInKill", ByCommand(), [](auto& p) { p.kill_command = {""}; },
                   "kill_command", "empty"}),
    [](const auto& tested) { return tested.param.what; });

TEST(CheckRequestedConfTest, KeepsOwnersAndClientsFromMovingTheEngine) {
  EXPECT_TRUE(CheckRequestedConf({}, {{"spark.sql.shuffle.partitions", "8"}}));
  for (const char* key : {"spark.master", "spark.kubernetes.namespace", "spark.kubernetes.context",
                          "spark.driver.memory", "spark.foxfire.engine.run.as",
                          "spark.connect.authenticate.token", "spark.submit.pyFiles", "hadoop.x"}) {
    const auto checked = CheckRequestedConf({}, {{key, "x"}});
    ASSERT_FALSE(checked) << key;
    EXPECT_EQ(checked.error().code, Code::kInvalidArgument);
    EXPECT_THAT(checked.error().message, HasSubstr(key));
  }
}

TEST(CheckRequestedConfTest, RefusesPackagesThatNobodyWouldFetch) {
  EngineProfile profile;
  profile.name = "quick";
  for (const char* key : {"spark.jars.packages", "spark.jars.excludes", "spark.jars.repositories",
                          "spark.jars.ivySettings"}) {
    profile.launcher = LauncherKind::kLocal;
    const auto checked = CheckRequestedConf(profile, {{key, "x:y:1"}});
    ASSERT_FALSE(checked) << key;
    EXPECT_EQ(checked.error().message,
              fmt::format("\"{}\" cannot be asked for: launcher \"local\", that of the profile "
                          "\"quick\", fetches no packages; take a profile with launcher = "
                          "\"spark-submit\", or name the jars in the profile's class_path",
                          key));
    profile.launcher = LauncherKind::kSparkSubmit;
    EXPECT_TRUE(CheckRequestedConf(profile, {{key, "x:y:1"}})) << key;
  }
}

TEST(RefusalOfTest, SaysWhyAndWhatToDoWhateverTheCase) {
  const auto place = RefusalOf("spark.kubernetes.NAMESPACE", ConfSource::kOverProfile);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->why, "the profile says where engines run");
  EXPECT_EQ(place->cure, "set the profile's kubernetes_namespace instead");
  const auto address = RefusalOf("spark.connect.grpc.binding.address", ConfSource::kProfile);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->cure, "set engine.bind_address instead");
}

TEST(RefusalOfTest, AProfileMaySayMoreThanWhatComesOverIt) {
  for (const char* setting : {"spark.master.rest.enabled", "spark.kubernetes.context",
                              "spark.submit.pyFiles", "spark.driver.extraLibraryPath"}) {
    EXPECT_FALSE(RefusalOf(setting, ConfSource::kProfile)) << setting;
    EXPECT_TRUE(RefusalOf(setting, ConfSource::kOverProfile)) << setting;
  }
  for (const char* setting : {"spark.driver.memoryOverhead", "spark.submit", "spark.master.x",
                              "spark.kubernetes.namespaces", "spark.f"}) {
    EXPECT_FALSE(RefusalOf(setting, ConfSource::kOverProfile)) << setting;
  }
}

class CheckLauncherHereTest : public testing::Test {
 protected:
  CheckLauncherHereTest() {
    fake_.options.gateway_public_key = "key";
    fake_.profile.name = "etl";
    fake_.profile.launcher = LauncherKind::kSparkSubmit;
    folder_.Write("spark/bin/spark-submit", "", 0755);
    folder_.Write("spark/bin/spark-class", "", 0755);
  }
  std::string Problem() {
    const auto checked = CheckLauncherHere(fake_.profile, fake_.options);
    return checked ? "" : checked.error().message;
  }
  void UseCluster() {
    fake_.profile.master = "spark://a:7077";
    fake_.profile.deploy_mode = DeployMode::kCluster;
  }

  TempFolder folder_;
  FakeInstallation fake_{folder_};
};

TEST_F(CheckLauncherHereTest, NeedsSparkSubmit) {
  EXPECT_EQ(Problem(), "");

  std::filesystem::remove(folder_ / "spark/bin/spark-submit");

  EXPECT_THAT(Problem(), HasSubstr("profile.etl.spark_home: there is no program"));
}

TEST_F(CheckLauncherHereTest, NeedsAnAddressThatLeadsToOtherMachines) {
  UseCluster();
  EXPECT_THAT(Problem(), HasSubstr("profile.etl.advertise_host"));

  fake_.profile.advertise_host = "auto";
  EXPECT_EQ(Problem(), "");
  fake_.profile.advertise_host = "127.0.0.1";  // somebody has thought about it
  EXPECT_EQ(Problem(), "");
}

TEST_F(CheckLauncherHereTest, NeedsAKeyToAgreeOnSecretsWith) {
  UseCluster();
  fake_.profile.advertise_host = "auto";
  fake_.options.gateway_public_key = "";

  EXPECT_THAT(Problem(), HasSubstr("profile.etl"));
}

TEST_F(CheckLauncherHereTest, NeedsTheOperatorsPrograms) {
  fake_.profile.launcher = LauncherKind::kCommand;
  fake_.profile.launch_command = {"no-such-program"};
  EXPECT_THAT(Problem(), HasSubstr("profile.etl.launch_command: there is no program \"no-such"));

  fake_.profile.launch_command = {"sh"};
  fake_.profile.kill_command = {"/no/such"};
  EXPECT_THAT(Problem(), HasSubstr("profile.etl.kill_command"));

  fake_.profile.kill_command = {"{folder}/kill"};  // nobody knows before the launch
  EXPECT_EQ(Problem(), "");
}

mode_t ModeOf(const Path& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

TEST_F(CheckLauncherHereTest, OtherOsUsersNeedRootAndAWayToTheirFolders) {
  fake_.profile.launcher = LauncherKind::kLocal;
  fake_.profile.run_as = RunAs::kOsUser;
  fake_.options.state_folder = folder_ / "server/state/engines";
  fake_.options.cache_folder = folder_ / "server/state/cache";
  ASSERT_TRUE(MakeFolder(folder_ / "server/state/engines", 0700));
  ASSERT_TRUE(MakeFolder(folder_ / "server/state/cache", 0700));
  if (geteuid() != 0) {
    EXPECT_THAT(Problem(), HasSubstr("profile.etl.run_as"));
    return;
  }
  chmod(folder_.path().c_str(), 0711);
  chmod((folder_ / "server").c_str(), 0700);
  chmod((folder_ / "server/state").c_str(), 0700);
  EXPECT_THAT(Problem(), HasSubstr("chmod a+x " + (folder_ / "server").string()));

  chmod((folder_ / "server").c_str(), 0755);
  EXPECT_EQ(Problem(), "");
  EXPECT_EQ(ModeOf(folder_ / "server/state/engines"), 0711U);
  EXPECT_EQ(ModeOf(folder_ / "server/state/cache"), 0711U);
  EXPECT_EQ(ModeOf(folder_ / "server/state"), 0711U);
}

}  // namespace
}  // namespace foxfire::launcher
