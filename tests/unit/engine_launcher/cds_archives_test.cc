#include "engine_launcher/cds_archives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine_launcher/awaited.h"
#include "tests/fakes/fake_process_spawner.h"
#include "tests/support/fake_installation.h"

namespace foxfire::launcher {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr Duration kPatience = std::chrono::seconds(10);

class CdsArchivesTest : public testing::Test {
 protected:
  CdsArchivesTest() {
    runtime_.java.java = "/java/bin/java";
    runtime_.place = "place";
    runtime_.archive = fake_.options.cache_folder / "place-now.jsa";
    runtime_.argument_file = folder_.Write("cache/place-now.args", "");
    SpawnTraining("archive", FakeProcessSpawner::kSuccess);
  }
  ~CdsArchivesTest() override { thread_.Stop(); }

  // Training runs write `content` as their archive (if not empty) and end so.
  void SpawnTraining(const std::string& content, std::optional<ProcessEnd> end) {
    spawner_.Behave([content, end](const ProcessSpec& spec) -> Result<FakeProcessSpawner::Outcome> {
      constexpr std::string_view kOption = "-XX:ArchiveClassesAtExit=";
      for (const std::string& argument : spec.argv) {
        if (argument.starts_with(kOption) && !content.empty())
          RETURN_IF_ERROR(WriteFileAtomically(argument.substr(kOption.size()), content, 0600));
      }
      const auto secret = ReadFile(Path(spec.working_folder) / "secret");
      return FakeProcessSpawner::Outcome{"the secret is " + secret.value_or("missing") + "\n", end};
    });
  }

  std::shared_ptr<Awaited<Result<void>>> StartEnsuring() {
    auto answer = Awaited<Result<void>>::Make();
    thread_.Post([this, answer] {
      archives_.Ensure(fake_.profile, runtime_, [answer](Result<void> made) { answer->Set(made); });
    });
    return answer;
  }
  Result<void> Ensure() {
    const auto made = StartEnsuring()->Wait(kPatience);
    return made ? *made : MakeError(Code::kDeadlineExceeded, "no answer");
  }

  size_t FilesInCache() const {
    return static_cast<size_t>(
        std::distance(std::filesystem::directory_iterator(fake_.options.cache_folder),
                      std::filesystem::directory_iterator()));
  }

  TempFolder folder_;
  FakeInstallation fake_{folder_};
  EngineRuntime runtime_;
  SystemClock clock_;
  FakeProcessSpawner spawner_;
  LaunchThread thread_{spawner_, clock_};
  CdsArchives archives_{fake_.options, spawner_, thread_};
};

TEST_F(CdsArchivesTest, MakesAnArchiveByATrainingRunInTheBackground) {
  const auto made = Ensure();

  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(*ReadFile(runtime_.archive), "archive");
  EXPECT_TRUE(CdsArchives::Exists(runtime_));
  ASSERT_EQ(spawner_.specs().size(), 1U);
  EXPECT_EQ(spawner_.specs()[0].nice, 10);
  EXPECT_EQ(FilesInCache(), 2U);  // besides the argument file
}

TEST_F(CdsArchivesTest, DoesNothingIfThereIsOne) {
  folder_.Write("cache/place-now.jsa", "there");

  ASSERT_TRUE(Ensure());

  EXPECT_TRUE(spawner_.specs().empty());
}

TEST_F(CdsArchivesTest, RemovesOutdatedOnesOfTheSamePlaceOnly) {
  folder_.Write("cache/place-before.jsa", "x");
  folder_.Write("cache/place-before.args", "x");
  folder_.Write("cache/elsewhere-now.jsa", "x");

  ASSERT_TRUE(Ensure());

  EXPECT_FALSE(std::filesystem::exists(folder_ / "cache/place-before.jsa"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "cache/place-before.args"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "cache/elsewhere-now.jsa"));
  EXPECT_TRUE(std::filesystem::exists(runtime_.argument_file));
}

TEST_F(CdsArchivesTest, AFailureShowsTheLogWithoutItsSecret) {
  SpawnTraining("", ProcessEnd{ProcessEnd::Kind::kExited, 1});

  const auto made = Ensure();

  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, AllOf(HasSubstr("profile.default"), HasSubstr("exit status 1"),
                                          HasSubstr("the secret is <redacted>")));
  EXPECT_FALSE(CdsArchives::Exists(runtime_));
  EXPECT_EQ(FilesInCache(), 1U);
}

TEST_F(CdsArchivesTest, ASuccessWithoutAnArchiveIsAFailure) {
  SpawnTraining("", FakeProcessSpawner::kSuccess);

  EXPECT_FALSE(Ensure());
}

TEST_F(CdsArchivesTest, AnArchiveOfAFailedRunIsNotKept) {
  SpawnTraining("half", ProcessEnd{ProcessEnd::Kind::kSignalled, 9});

  EXPECT_FALSE(Ensure());
  EXPECT_FALSE(CdsArchives::Exists(runtime_));
}

TEST_F(CdsArchivesTest, AJavaThatCannotBeStartedLeavesNothingBehind) {
  spawner_.Behave([](const ProcessSpec&) -> Result<FakeProcessSpawner::Outcome> {
    return MakeError(Code::kNotFound, "exec /java/bin/java: No such file or directory");
  });

  const auto made = Ensure();

  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("exec /java/bin/java"));
  EXPECT_EQ(FilesInCache(), 1U);
}

TEST_F(CdsArchivesTest, RefusesWhatTheJvmCannotArchive) {
  runtime_.can_archive = false;

  const auto made = Ensure();

  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("profile.default.class_path"));
  EXPECT_TRUE(spawner_.specs().empty());
}

TEST_F(CdsArchivesTest, TrainsOncePerArchiveHoweverManyAsk) {
  SpawnTraining("archive", std::nullopt);
  const auto first = StartEnsuring();
  const auto second = StartEnsuring();
  ASSERT_TRUE(spawner_.AwaitStarted(1));

  spawner_.End(5'000'001, FakeProcessSpawner::kSuccess);

  EXPECT_TRUE(first->Wait(kPatience).value().has_value());
  EXPECT_TRUE(second->Wait(kPatience).value().has_value());
  EXPECT_EQ(spawner_.specs().size(), 1U);
}

TEST_F(CdsArchivesTest, RemovesWhatAnEndedGatewayLeft) {
  folder_.Write("cache/training-old/engine.log", "x");
  std::filesystem::last_write_time(
      folder_ / "cache/training-old",
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  folder_.Write("cache/training-new/engine.log", "x");

  ASSERT_TRUE(Ensure());

  EXPECT_FALSE(std::filesystem::exists(folder_ / "cache/training-old"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "cache/training-new"));
}

}  // namespace
}  // namespace foxfire::launcher
