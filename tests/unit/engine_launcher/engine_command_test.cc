#include "engine_launcher/engine_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foxfire::launcher {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

class EngineCommandTest : public testing::Test {
 protected:
  EngineCommandTest() {
    profile_.python = "/venv/bin/python";
    runtime_.spark_home = "/spark";
    runtime_.java.java = "/java/bin/java";
    runtime_.java.home = "/java";
    runtime_.argument_file = "/cache/x.args";
    runtime_.archive = "/cache/x.jsa";
    options_.zookeeper_connect = "zk:2181";
    request_.id = EngineId("0a0b0c0d-0000-4000-8000-000000000001");
    request_.key.owner = "alice";
    request_.run_as = "alice";
    request_.secret = Secret("top-secret");
  }

  EngineCommand Make(bool use_archive = false) {
    return MakeEngineCommand({profile_, options_, runtime_, files_, inherited_}, request_,
                             use_archive);
  }

  EngineProfile profile_;
  LauncherOptions options_;
  EngineRuntime runtime_;
  EngineFiles files_ = EngineFilesIn("/state/e");
  std::map<std::string, std::string> inherited_ = {{"HOME", "/home/foxfire"}};
  LaunchRequest request_;
};

TEST_F(EngineCommandTest, StartsTheMainClassWithItsPropertiesFile) {
  const auto argv = Make().argv;

  EXPECT_EQ(argv.front(), "/java/bin/java");
  EXPECT_EQ(argv[1], "@/cache/x.args");
  EXPECT_EQ(argv[argv.size() - 3], "-Dfoxfire.engine.id=0a0b0c0d-0000-4000-8000-000000000001");
  EXPECT_EQ(argv[argv.size() - 2], "foxfire.engine.EngineMain");
  EXPECT_EQ(argv.back(), "/state/e/engine.properties");
}

TEST_F(EngineCommandTest, SizesTheHeapByTheProfile) {
  profile_.driver_memory = uint64_t{3} << 30;

  EXPECT_THAT(Make().argv, Contains("-Xmx3072m"));
}

TEST_F(EngineCommandTest, UsesTheArchiveOnlyWhenTold) {
  EXPECT_THAT(Make(true).argv, Contains("-XX:SharedArchiveFile=/cache/x.jsa"));
  EXPECT_THAT(Make(false).argv, Each(Not(HasSubstr("jsa"))));
}

TEST_F(EngineCommandTest, LeavesTheCollectorToTheProfile) {
  EXPECT_THAT(Make().argv, Contains("-XX:+UseSerialGC"));

  profile_.java_options = {"-XX:+UseG1GC"};

  EXPECT_THAT(Make().argv, Not(Contains("-XX:+UseSerialGC")));
  EXPECT_THAT(Make().argv, Contains("-XX:+UseG1GC"));
}

TEST_F(EngineCommandTest, CompilesFullyUnlessToldOtherwise) {
  EXPECT_THAT(Make().argv, Not(Contains("-XX:TieredStopAtLevel=1")));

  profile_.tiered_stop_at_level_1 = true;

  EXPECT_THAT(Make().argv, Contains("-XX:TieredStopAtLevel=1"));
}

TEST_F(EngineCommandTest, TheEnvironmentIsWhatEnginesNeedAndWhatTheProfileAdds) {
  profile_.environment = {{"HADOOP_CONF_DIR", "/etc/hadoop"}, {"HOME", "/other"}};

  EXPECT_THAT(Make().environment,
              testing::UnorderedElementsAre(
                  Pair("HOME", "/other"), Pair("SPARK_HOME", "/spark"), Pair("JAVA_HOME", "/java"),
                  Pair("PYSPARK_PYTHON", "/venv/bin/python"), Pair("SPARK_LOCAL_IP", "127.0.0.1"),
                  Pair("HADOOP_CONF_DIR", "/etc/hadoop")));
}

TEST_F(EngineCommandTest, DriversOfAClusterChooseTheirAddressThemselves) {
  profile_.master = "spark://master:7077";

  EXPECT_THAT(Make().environment, Not(Contains(Pair("SPARK_LOCAL_IP", testing::_))));
}

TEST_F(EngineCommandTest, PropertiesTellTheEngineWhoItIs) {
  options_.idle_timeout = std::chrono::minutes(1);
  const std::string properties = Make().properties;

  for (const char* line :
       {"foxfire.engine.id=0a0b0c0d-0000-4000-8000-000000000001\n",
        "foxfire.engine.key=user\\:alice\\:default\\:default\n", "foxfire.engine.run.as=alice\n",
        "foxfire.secret.file=/state/e/secret\n", "foxfire.zookeeper.connect=zk\\:2181\n",
        "foxfire.zookeeper.root=/foxfire\n", "foxfire.zookeeper.session.timeout.ms=30000\n",
        "foxfire.zookeeper.lost.ms=300000\n", "foxfire.idle.ms=60000\n",
        "foxfire.max.lifetime.ms=0\n", "foxfire.drain.grace.ms=300000\n",
        "foxfire.bind.address=127.0.0.1\n", "foxfire.advertise.host=127.0.0.1\n",
        "spark.ui.enabled=false\n", "spark.sql.catalogImplementation=in-memory\n",
        "spark.local.dir=/state/e/tmp\n", "spark.master=local[*]\n"}) {
    EXPECT_THAT(properties, HasSubstr(line));
  }
  EXPECT_THAT(properties, Not(HasSubstr("foxfire.train")));
  EXPECT_THAT(properties, Not(HasSubstr("digest")));
}

TEST_F(EngineCommandTest, NamesTheDigestsFileIfThereIsOne) {
  options_.zookeeper_digest_file = "/etc/foxfire/digest";

  EXPECT_THAT(Make().properties, HasSubstr("foxfire.zookeeper.digest.file=/etc/foxfire/digest\n"));
}

TEST_F(EngineCommandTest, TheProfilesSparkConfWins) {
  profile_.spark_conf = {{"spark.ui.enabled", "true"}, {"spark.sql.shuffle.partitions", "8"}};
  const std::string properties = Make().properties;

  EXPECT_THAT(properties, HasSubstr("spark.ui.enabled=true\n"));
  EXPECT_THAT(properties, Not(HasSubstr("spark.ui.enabled=false")));
  EXPECT_THAT(properties, HasSubstr("spark.sql.shuffle.partitions=8\n"));
}

TEST_F(EngineCommandTest, TheSecretIsNowhere) {
  const EngineCommand command = Make(true);

  EXPECT_THAT(command.argv, Each(Not(HasSubstr("top-secret"))));
  for (const auto& [name, value] : command.environment) EXPECT_THAT(value, Not(HasSubstr("top-")));
  EXPECT_THAT(command.properties, Not(HasSubstr("top-secret")));
}

TEST_F(EngineCommandTest, ASpareHasNoOwnerYet) {
  const EngineCommand command =
      MakeSpareCommand({profile_, options_, runtime_, files_, inherited_}, request_, true);

  EXPECT_EQ(command.argv, Make(true).argv) << "what it becomes is known by the same argument";
  EXPECT_THAT(command.properties, HasSubstr("foxfire.spare=true\n"));
  EXPECT_THAT(command.properties, Not(HasSubstr("foxfire.engine.key")));
  EXPECT_THAT(command.properties, Not(HasSubstr("foxfire.engine.run.as")));
  EXPECT_THAT(command.properties, HasSubstr("foxfire.report.load=true\n"));
}

TEST_F(EngineCommandTest, TrainingArchivesAtExitAndNeverRegisters) {
  const EngineCommand command = MakeTrainingCommand(
      {profile_, options_, runtime_, files_, inherited_}, request_.id, "/cache/t/archive.jsa");

  EXPECT_THAT(command.argv, Contains("-XX:ArchiveClassesAtExit=/cache/t/archive.jsa"));
  EXPECT_THAT(command.argv, Each(Not(HasSubstr("SharedArchiveFile"))));
  EXPECT_EQ(command.argv[1], Make().argv[1]);
  EXPECT_THAT(command.properties, HasSubstr("foxfire.train=true\n"));
}

TEST(InheritedEnvironmentTest, TakesOnlyWhatIsKnownToBeHarmless) {
  setenv("FOXFIRE_TEST_SECRET", "x", 1);

  const auto inherited = InheritedEnvironment();

  EXPECT_EQ(inherited.count("FOXFIRE_TEST_SECRET"), 0U);
  EXPECT_EQ(inherited.count("PATH"), 1U);
  EXPECT_EQ(inherited.count("HOME"), 1U);
  EXPECT_EQ(inherited.count("LANG"), 1U);
  unsetenv("FOXFIRE_TEST_SECRET");
}

}  // namespace
}  // namespace foxfire::launcher
