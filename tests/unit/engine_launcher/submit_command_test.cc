#include "engine_launcher/submit_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine_launcher/engine_properties.h"
#include "tests/support/golden.h"
#include "tests/unit/engine_launcher/launch_inputs.h"

namespace foxfire::launcher {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

class SubmitCommandTest : public testing::Test {
 protected:
  EngineCommand Make() {
    const EngineProfile profile = ProfileFor(in_.profile, in_.request);
    EngineCommandInput input = in_.Input();
    return MakeSubmitCommand(
        {profile, input.options, input.runtime, input.files, input.inherited, input.user},
        in_.request);
  }
  void ExpectGoldenFile(const std::string& name) {
    ExpectGolden("launch/" + name + ".txt", Described(Make()));
  }
  void UseCluster() {
    in_.profile.deploy_mode = DeployMode::kCluster;
    in_.profile.bind_address = "0.0.0.0";
    in_.profile.advertise_host = "auto";
  }
  void UseKubernetes() {
    in_.profile.master = "k8s://https://kube.example:6443";
    in_.profile.kubernetes_namespace = "spark";
    in_.profile.environment["KUBECONFIG"] = "/etc/foxfire/kubeconfig";
    in_.profile.spark_conf["spark.kubernetes.container.image"] = "registry.example/spark:4.2.1";
    in_.profile.spark_conf["spark.kubernetes.driver.podTemplateFile"] = "/etc/foxfire/driver.yaml";
  }
  void UseYarn() {
    in_.profile.master = "yarn";
    in_.profile.queue = "etl";
    in_.profile.environment["HADOOP_CONF_DIR"] = "/etc/hadoop/conf";
    in_.profile.spark_conf["spark.yarn.tags"] = "nightly,etl";
  }

  LaunchInputs in_;
};

TEST_F(SubmitCommandTest, StandaloneClient) {
  in_.profile.master = "spark://master:7077";
  ExpectGoldenFile("standalone_client");
}

TEST_F(SubmitCommandTest, StandaloneCluster) {
  in_.profile.master = "spark://master:7077";
  UseCluster();
  ExpectGoldenFile("standalone_cluster");
}

TEST_F(SubmitCommandTest, YarnClient) {
  UseYarn();
  in_.profile.run_as = RunAs::kProxyUser;
  ExpectGoldenFile("yarn_client");
}

TEST_F(SubmitCommandTest, YarnCluster) {
  UseYarn();
  UseCluster();
  in_.profile.run_as = RunAs::kHadoopUser;
  ExpectGoldenFile("yarn_cluster");
}

TEST_F(SubmitCommandTest, KubernetesClient) {
  UseKubernetes();
  ExpectGoldenFile("kubernetes_client");
}

TEST_F(SubmitCommandTest, KubernetesCluster) {
  UseKubernetes();
  UseCluster();
  in_.profile.engine_jar = "local:///opt/foxfire/foxfire-engine.jar";
  in_.options.zookeeper_digest_file = "/etc/foxfire/digest";
  in_.profile.zookeeper_digest_file = "/var/run/secrets/foxfire/digest";
  in_.profile.spark_conf["spark.kubernetes.driver.secrets.foxfire-digest"] =
      "/var/run/secrets/foxfire";
  ExpectGoldenFile("kubernetes_cluster");
}

TEST_F(SubmitCommandTest, TheSecretIsNowhere) {
  for (const DeployMode mode : {DeployMode::kClient, DeployMode::kCluster}) {
    in_.profile.deploy_mode = mode;
    EXPECT_THAT(Described(Make()), Not(HasSubstr("top-secret")));
  }
}

TEST_F(SubmitCommandTest, WhatMayBePrivateIsInTheFileOnly) {
  in_.profile.spark_conf["spark.hadoop.fs.s3a.access.key"] = "of-the-profile";
  in_.request.spark_conf["spark.hadoop.fs.s3a.secret.key"] = "of-the-request";

  const EngineCommand command = Make();

  EXPECT_THAT(command.argv, Each(Not(HasSubstr("of-the-"))));
  EXPECT_THAT(command.properties, HasSubstr("spark.hadoop.fs.s3a.access.key=of-the-profile\n"));
  EXPECT_THAT(command.properties, HasSubstr("spark.hadoop.fs.s3a.secret.key=of-the-request\n"));
}

TEST_F(SubmitCommandTest, WhatIsAskedForGoesOverTheProfile) {
  in_.profile.spark_conf["spark.sql.shuffle.partitions"] = "200";
  in_.request.spark_conf["spark.sql.shuffle.partitions"] = "8";

  EXPECT_THAT(Make().properties, HasSubstr("spark.sql.shuffle.partitions=8\n"));
}

TEST_F(SubmitCommandTest, NobodyCanTellTheEngineOtherThings) {
  in_.request.spark_conf["spark.foxfire.engine.run.as"] = "root";
  in_.profile.master = "yarn";
  in_.request.spark_conf["spark.yarn.submit.waitAppCompletion"] = "true";

  const EngineCommand command = Make();

  EXPECT_THAT(command.properties, HasSubstr("spark.foxfire.engine.run.as=alice\n"));
  EXPECT_THAT(command.properties, HasSubstr("spark.yarn.submit.waitAppCompletion=false\n"));
}

TEST_F(SubmitCommandTest, RunsAsTheOsUserWithItsFiles) {
  in_.profile.run_as = RunAs::kOsUser;
  in_.files = EngineFilesForUser("/state/e");
  in_.user = {"alice", "/home/alice", {1000, 1000, {1000}}};
  in_.options.zookeeper_digest_file = "/etc/foxfire/digest";

  const EngineCommand command = Make();

  EXPECT_THAT(command.environment, Contains(Pair("HOME", "/home/alice")));
  EXPECT_THAT(command.environment, Contains(Pair("USER", "alice")));
  EXPECT_THAT(command.properties, HasSubstr("spark.foxfire.identity=process\n"));
  EXPECT_THAT(command.properties, HasSubstr("secret.file=/state/e/work/secret\n"));
  EXPECT_THAT(command.properties, HasSubstr("digest.file=/state/e/work/zookeeper.digest\n"));
}

TEST_F(SubmitCommandTest, OnlyYarnHasQueues) {
  in_.profile.master = "spark://master:7077";
  in_.profile.queue = "etl";

  EXPECT_THAT(Make().argv, Not(Contains("--queue")));
}

TEST_F(SubmitCommandTest, OneOfALocalMasterListensOnTheProfilesAddress) {
  in_.profile.bind_address = "127.0.0.2";

  EXPECT_THAT(Make().environment, Contains(Pair("SPARK_LOCAL_IP", "127.0.0.2")));
}

TEST(JoinJavaOptionsTest, QuotesWhatSparkWouldTakeApart) {
  EXPECT_EQ(JoinJavaOptions({"-Da=b", "-Dc=d e", R"(-Df="\)"}), R"(-Da=b "-Dc=d e" "-Df=\"\\")");
}

TEST(ManagerOfTest, GoesByTheMaster) {
  EXPECT_EQ(ManagerOf("local[2]"), ClusterManager::kLocal);
  EXPECT_EQ(ManagerOf("local-cluster[2,1,1024]"), ClusterManager::kLocal);
  EXPECT_EQ(ManagerOf("spark://a:7077,b:7077"), ClusterManager::kStandalone);
  EXPECT_EQ(ManagerOf("yarn"), ClusterManager::kYarn);
  EXPECT_EQ(ManagerOf("k8s://https://a"), ClusterManager::kKubernetes);
  EXPECT_EQ(ManagerOf("mesos://a"), ClusterManager::kUnknown);
  EXPECT_EQ(ManagerOf(""), ClusterManager::kUnknown);
}

}  // namespace
}  // namespace foxfire::launcher
