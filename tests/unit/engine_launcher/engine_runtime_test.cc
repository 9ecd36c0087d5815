#include "engine_launcher/engine_runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_installation.h"
#include "tests/unit/engine_launcher/fake_java_behaviour.h"

namespace foxfire::launcher {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class EngineRuntimesTest : public testing::Test {
 protected:
  EngineRuntimesTest() { spawner_.Behave(JavaOfVersion("17")); }

  Result<EngineRuntime> Find() { return runtimes_.Find(fake_.profile); }
  void ExpectError(const char* key, const char* what) {
    const auto found = Find();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Code::kFailedPrecondition);
    EXPECT_THAT(found.error().message, AllOf(HasSubstr(key), HasSubstr(what)));
  }

  TempFolder folder_;
  FakeInstallation fake_{folder_};
  FakeProcessSpawner spawner_;
  EngineRuntimes runtimes_{fake_.options.engine_jar, fake_.options.cache_folder, spawner_};
};

TEST_F(EngineRuntimesTest, WritesModuleOptionsAndClassPath) {
  const auto runtime = Find();

  ASSERT_TRUE(runtime) << runtime.error().message;
  EXPECT_EQ(runtime->java.version, 17);
  EXPECT_EQ(runtime->java.home, "/opt/java");
  const std::string jars = (folder_ / "spark/jars").string();
  EXPECT_EQ(*ReadFile(runtime->argument_file),
            "--add-opens=a/b=ALL-UNNAMED\n\"-Dc=d e\"\n-cp\n" + jars + "/a.jar:" + jars +
                "/spark-connect_2.13-4.2.1.jar:" + jars + "/spark-core_2.13-4.2.1.jar:" + jars +
                "/spark-launcher_2.13-4.2.1.jar:" + jars +
                "/zookeeper-3.9.5.jar:" + fake_.options.engine_jar.string() + "\n");
}

TEST_F(EngineRuntimesTest, AsksJavaOnlyOnce) {
  ASSERT_TRUE(Find());
  ASSERT_TRUE(Find());

  EXPECT_EQ(spawner_.specs().size(), 2U);  // its version and the module options
}

TEST_F(EngineRuntimesTest, AChangedJarMakesAnotherArchiveInTheSamePlace) {
  const auto before = Find();
  folder_.Write("spark/jars/a.jar", "changed");

  const auto after = Find();

  ASSERT_TRUE(before && after);
  EXPECT_NE(before->archive, after->archive);
  EXPECT_EQ(before->place, after->place);
}

TEST_F(EngineRuntimesTest, AFolderOnTheClassPathRulesOutTheArchive) {
  folder_.Write("conf/core-site.xml", "<x/>");
  EXPECT_TRUE(Find()->can_archive);

  fake_.profile.class_path = {(folder_ / "conf").string()};

  EXPECT_FALSE(Find()->can_archive);
}

TEST_F(EngineRuntimesTest, SaysWhereToMendAMissingSpark) {
  fake_.profile.spark_home = "/nonexistent";
  ExpectError("profile.default.spark_home", "/nonexistent");
}

TEST_F(EngineRuntimesTest, SaysWhereToMendAMissingEngineJar) {
  std::filesystem::remove(fake_.options.engine_jar);
  ExpectError("engine.jar", "no such file");
}

TEST_F(EngineRuntimesTest, SaysWhereToMendAMissingJava) {
  fake_.profile.java_home = "/nonexistent";
  ExpectError("profile.default.java_home", "/nonexistent/bin/java");
}

TEST_F(EngineRuntimesTest, RefusesAnOldJava) {
  for (const char* version : {"1.8", "11"}) {
    spawner_.Behave(JavaOfVersion(version));
    ExpectError("profile.default.java_home", "is Java ");
  }
}

TEST_F(EngineRuntimesTest, RefusesAJavaThatDoesNotWork) {
  spawner_.Behave([](const ProcessSpec&) -> Result<FakeProcessSpawner::Outcome> {
    return FakeProcessSpawner::Outcome{"cannot allocate memory\nmore",
                                       ProcessEnd{ProcessEnd::Kind::kExited, 1}};
  });
  ExpectError("does not work", "exit status 1: cannot allocate memory");
}

TEST_F(EngineRuntimesTest, RefusesAJavaThatCannotBeStarted) {
  spawner_.Behave([](const ProcessSpec&) -> Result<FakeProcessSpawner::Outcome> {
    return MakeError(Code::kPermissionDenied, "exec java: Permission denied");
  });
  ExpectError("profile.default.java_home", "Permission denied");
}

TEST_F(EngineRuntimesTest, SaysWhenSparkDoesNotAnswer) {
  spawner_.Behave([](const ProcessSpec& spec) -> Result<FakeProcessSpawner::Outcome> {
    if (!IsQuestion(spec, "ModuleOptions")) return JavaOfVersion("17")(spec);
    return FakeProcessSpawner::Outcome{"Error: class not found",
                                       ProcessEnd{ProcessEnd::Kind::kExited, 1}};
  });
  ExpectError("module options", "class not found");
}

TEST(QuoteArgumentTest, QuotesForJavasArgumentFiles) {
  EXPECT_EQ(QuoteArgument("-Da=b"), "-Da=b");
  EXPECT_EQ(QuoteArgument("/a b/c"), "\"/a b/c\"");
  EXPECT_EQ(QuoteArgument("a\"\\"), "\"a\\\"\\\\\"");
}

}  // namespace
}  // namespace foxfire::launcher
