#include "engine_launcher/kill_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"
#include "tests/unit/engine_launcher/launch_inputs.h"

namespace foxfire::launcher {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr const char* kDriver = "driver-20260102030405-0006";

class KillCommandTest : public testing::Test {
 protected:
  KillCommandTest() { in_.profile.deploy_mode = DeployMode::kCluster; }

  std::vector<std::string> Argv() {
    const auto command = MakeKillCommand(in_.Input(), in_.engine);
    return command ? command->argv : std::vector<std::string>{command.error().message};
  }
  std::string Refusal(Code code = Code::kFailedPrecondition) {
    const auto command = MakeKillCommand(in_.Input(), in_.engine);
    EXPECT_FALSE(command);
    if (command) return "";
    EXPECT_EQ(command.error().code, code);
    return command.error().message;
  }

  LaunchInputs in_;
};

TEST_F(KillCommandTest, AsksAStandaloneMasterInItsOwnProtocol) {
  in_.profile.master = "spark://master:7077";
  in_.engine.submission_id = kDriver;

  EXPECT_THAT(Argv(), ElementsAre("/spark/bin/spark-class", "org.apache.spark.deploy.Client",
                                  "kill", "spark://master:7077", kDriver));
}

TEST_F(KillCommandTest, AsksByRestWhereItWasSubmittedSo) {
  in_.profile.master = "spark://master:6066";
  in_.profile.spark_conf["spark.master.rest.enabled"] = "true";
  in_.engine.submission_id = kDriver;

  EXPECT_THAT(Argv(), ElementsAre("/spark/bin/spark-submit", "--master", "spark://master:6066",
                                  "--kill", kDriver));
}

TEST_F(KillCommandTest, NeedsTheDriversIdOfAStandaloneCluster) {
  in_.profile.master = "spark://master:7077";

  EXPECT_THAT(Refusal(Code::kAborted), HasSubstr("spark-class org.apache.spark.deploy.Client kill "
                                                 "spark://master:7077"));
}

TEST_F(KillCommandTest, FindsYarnsApplicationByItsTag) {
  in_.profile.master = "yarn";
  in_.profile.environment["HADOOP_CONF_DIR"] = "/etc/hadoop";
  in_.profile.run_as = RunAs::kHadoopUser;

  const auto argv = Argv();

  EXPECT_EQ(argv.front(), "/java/bin/java");
  EXPECT_THAT(argv, Contains("/etc/hadoop:/spark/jars/*:/opt/foxfire/foxfire-engine.jar"));
  EXPECT_EQ(argv[argv.size() - 3], "foxfire.engine.YarnApplications");
  EXPECT_EQ(argv[argv.size() - 2], "kill");
  EXPECT_EQ(argv.back(), "foxfire-" + in_.engine.id.str());
  EXPECT_THAT(MakeKillCommand(in_.Input(), in_.engine)->environment,
              Contains(Pair("HADOOP_USER_NAME", "alice")));
}

TEST_F(KillCommandTest, SpeaksForTheOwnerWhereTheSubmissionDid) {
  in_.profile.master = "yarn";
  in_.profile.run_as = RunAs::kProxyUser;

  EXPECT_THAT(MakeKillCommand(in_.Input(), in_.engine)->environment,
              Contains(Pair("HADOOP_PROXY_USER", "alice")));
}

TEST_F(KillCommandTest, DeletesThePodsWithTheEnginesLabel) {
  in_.profile.master = "k8s://https://kube:6443";
  in_.profile.kubernetes_namespace = "spark";

  EXPECT_THAT(Argv(),
              ElementsAre("kubectl", "--namespace", "spark", "--server", "https://kube:6443",
                          "delete", "pod", "--selector", "foxfire-engine=" + in_.engine.id.str(),
                          "--ignore-not-found", "--wait=false"));
  // As spark-submit: neither follows kubectl's own context.
  in_.profile.kubernetes_namespace = "";
  EXPECT_EQ(Argv()[2], "default");
  in_.profile.spark_conf = {{"spark.kubernetes.context", "prod"}};
  EXPECT_THAT(Argv(), Contains("prod"));
}

TEST_F(KillCommandTest, RunsTheOperatorsOwn) {
  in_.profile.launcher = LauncherKind::kCommand;
  in_.profile.kill_command = {"/opt/stop", "{engine_id}", "{submission_id}"};
  in_.engine.submission_id = "job-7";

  EXPECT_THAT(Argv(), ElementsAre("/opt/stop", in_.engine.id.str(), "job-7"));
  EXPECT_THAT(MakeKillCommand(in_.Input(), in_.engine)->environment,
              Contains(Pair("FOXFIRE_SUBMISSION_ID", "job-7")));
}

TEST_F(KillCommandTest, SaysSoWhereThereIsNoWay) {
  in_.profile.launcher = LauncherKind::kCommand;
  EXPECT_THAT(Refusal(), HasSubstr("profile.etl.kill_command"));

  in_.profile.launcher = LauncherKind::kSparkSubmit;
  in_.profile.deploy_mode = DeployMode::kClient;
  in_.profile.master = "yarn";
  in_.engine.host_name = "node7";
  EXPECT_THAT(Refusal(), HasSubstr("runs on another machine (host node7)"));

  in_.profile.launcher = LauncherKind::kLocal;
  in_.engine.host_name = "";
  EXPECT_THAT(Refusal(), HasSubstr("runs on another machine, as a process"));
}

TEST(SaysNotFoundTest, InTheWordsOfEachClusterManager) {
  const std::string driver = "Driver driver-1 has already finished or does not exist.\n";
  const std::string yarn = "no application with the tag foxfire-1 is there, or none that runs\n";
  const std::string kubernetes = "No resources found\n";
  const auto says = [](const char* master, const std::string& output) {
    EngineProfile profile;
    profile.launcher = LauncherKind::kSparkSubmit;
    profile.master = master;
    return SaysNotFound(profile, output);
  };

  EXPECT_TRUE(says("spark://master:7077", driver));
  EXPECT_TRUE(says("spark://master:6066", "{ \"message\" : \"" + driver + "\" }"));
  EXPECT_TRUE(says("yarn", yarn));
  EXPECT_TRUE(says("k8s://https://kube:6443", kubernetes));

  EXPECT_FALSE(says("spark://master:7077", "Kill request for driver-1 submitted"));
  EXPECT_FALSE(says("yarn", "killed application_1795241497975_0007\n"));
  EXPECT_FALSE(says("k8s://https://kube:6443", "pod \"foxfire-1\" deleted\n"));
  EngineProfile own;
  own.launcher = LauncherKind::kCommand;
  for (const std::string& words : {driver, yarn, kubernetes, std::string()})
    EXPECT_FALSE(SaysNotFound(own, words)) << "what an operator's program prints is its own affair";
}

TEST(SubmissionIdTest, IsFoundInWhatSparkSubmitPrints) {
  EXPECT_EQ(SubmissionIdIn("INFO Driver successfully submitted as driver-20260102030405-0006\nx"),
            kDriver);
  EXPECT_EQ(SubmissionIdIn("driver-1-2 driver-20260102030405-00061, driver-30000000000000-1"),
            "driver-20260102030405-00061");
  for (const char* none : {"", "driver-", "driver-20260102030405", "driver-20260102030405-",
                           "driver-2026010203040x-0006", "a driver-memory"}) {
    EXPECT_EQ(SubmissionIdIn(none), "") << none;
  }
}

TEST(FindProgramTest, LooksWhereThePathSays) {
  const TempFolder folder;
  folder.Write("a/tool", "", 0600);
  const std::string tool = folder.Write("b/tool", "", 0755).string();
  const std::string path = "relative:" + (folder / "a").string() + ":" + (folder / "b").string();

  EXPECT_EQ(FindProgram("tool", path).value_or(""), tool);
  EXPECT_EQ(FindProgram(tool, "").value_or(""), tool);
  const auto missing = FindProgram("other", path);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("\"other\""));
  EXPECT_FALSE(FindProgram((folder / "a/tool").string(), ""));
}

}  // namespace
}  // namespace foxfire::launcher
