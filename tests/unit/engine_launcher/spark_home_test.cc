#include "engine_launcher/spark_home.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_installation.h"

namespace foxfire::launcher {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class SparkHomeTest : public testing::Test {
 protected:
  TempFolder folder_;
  FakeInstallation fake_{folder_};
};

TEST_F(SparkHomeTest, ListsJarsInOrder) {
  folder_.Write("spark/jars/notes.txt", "");

  const auto home = SparkHome::Open(fake_.profile.spark_home, "k");

  ASSERT_TRUE(home) << home.error().message;
  ASSERT_EQ(home->jars().size(), 5U);
  EXPECT_EQ(home->jars().front().filename(), "a.jar");
  EXPECT_EQ(home->jars().back().filename(), "zookeeper-3.9.5.jar");
}

TEST_F(SparkHomeTest, FindsJarsByPrefix) {
  const auto home = SparkHome::Open(fake_.profile.spark_home, "k");

  ASSERT_TRUE(home) << home.error().message;
  EXPECT_EQ(home->JarsNamed({"zookeeper-", "a."}).size(), 2U);
  EXPECT_TRUE(home->JarsNamed({"nothing"}).empty());
}

TEST_F(SparkHomeTest, NamesTheKeyOfAFolderThatIsMissing) {
  const auto home = SparkHome::Open("/nonexistent", "profile.etl.spark_home");

  ASSERT_FALSE(home);
  EXPECT_EQ(home.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(home.error().message,
              AllOf(HasSubstr("profile.etl.spark_home = \"/nonexistent\""), HasSubstr("pyspark")));
}

TEST_F(SparkHomeTest, NamesTheJarThatIsMissing) {
  for (const char* jar :
       {"spark-core_2.13-4.2.1.jar", "spark-connect_2.13-4.2.1.jar", "zookeeper-3.9.5.jar"}) {
    const TempFolder folder;
    const FakeInstallation fake(folder);
    std::filesystem::remove(folder / "spark/jars" / jar);

    const auto home = SparkHome::Open(fake.profile.spark_home, "k");

    ASSERT_FALSE(home) << jar;
    const std::string name(jar);
    EXPECT_THAT(home.error().message, HasSubstr(name.substr(0, name.find_first_of("_-", 7))));
  }
}

TEST_F(SparkHomeTest, DescriptionChangesWithAFile) {
  const Path file = folder_.Write("x", "1");
  const std::string before = DescribeFiles({file});

  folder_.Write("x", "22");

  EXPECT_NE(DescribeFiles({file}), before);
  EXPECT_EQ(DescribeFiles({"/nonexistent"}), "/nonexistent missing\n");
}

}  // namespace
}  // namespace foxfire::launcher
