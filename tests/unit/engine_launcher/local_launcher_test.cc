#include "engine_launcher/local_launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine_launcher/awaited.h"
#include "tests/support/fake_installation.h"
#include "tests/unit/engine_launcher/fake_java_behaviour.h"

namespace foxfire::launcher {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr Duration kPatience = std::chrono::seconds(10);

class LocalLauncherTest : public testing::Test {
 protected:
  LocalLauncherTest() {
    spawner_.Behave(JavaOfVersion("17"));
    Make();
  }
  ~LocalLauncherTest() override { thread_.Stop(); }

  void Make() {
    launcher_ = std::make_unique<LocalLauncher>(
        fake_.options, std::vector<EngineProfile>{fake_.profile}, spawner_, thread_);
    launcher_->OnExit([this](EngineExit ended) { exited_->Set(std::move(ended)); });
  }

  LaunchRequest Request() const {
    LaunchRequest request;
    request.id = id_;
    request.key.owner = "alice";
    request.run_as = "alice";
    request.secret = Secret("hush-hush");
    return request;
  }
  Result<int64_t> Launch(LaunchRequest request) {
    const auto started = Awaited<Result<int64_t>>::Make();
    launcher_->Launch(std::move(request), [started](Result<int64_t> pid) { started->Set(pid); });
    const auto answer = started->Wait(kPatience);
    return answer ? *answer : MakeError(Code::kDeadlineExceeded, "no answer");
  }
  Result<int64_t> Launch() { return Launch(Request()); }

  Path FolderOf(const EngineId& id) const { return fake_.options.state_folder / id.str(); }

  const EngineId id_{NewUuid()};
  TempFolder folder_;
  FakeInstallation fake_{folder_};
  std::shared_ptr<Awaited<EngineExit>> exited_ = Awaited<EngineExit>::Make();
  SystemClock clock_;
  FakeProcessSpawner spawner_;
  LaunchThread thread_{spawner_, clock_};
  std::unique_ptr<LocalLauncher> launcher_;
};

TEST_F(LocalLauncherTest, StartsAnEngineInAFolderOfItsOwn) {
  const auto pid = Launch();

  ASSERT_TRUE(pid) << pid.error().message;
  const ProcessSpec spec = spawner_.specs().back();
  EXPECT_EQ(spec.working_folder, FolderOf(id_));
  EXPECT_EQ(spec.argv.back(), FolderOf(id_) / "engine.properties");
  EXPECT_EQ(*ReadFile(FolderOf(id_) / "secret"), "hush-hush");
  EXPECT_EQ(*ReadFile(FolderOf(id_) / "pid"), std::to_string(*pid) + "\n");
  EXPECT_TRUE(std::filesystem::is_directory(FolderOf(id_) / "tmp"));
}

TEST_F(LocalLauncherTest, StartsFromTheArchiveOnceThereIsOne) {
  ASSERT_TRUE(Launch());
  EXPECT_THAT(spawner_.specs().back().argv, Not(Contains(HasSubstr("SharedArchiveFile"))));
  const EngineProfile profile = fake_.profile;
  EngineRuntimes runtimes(fake_.options.engine_jar, fake_.options.cache_folder, spawner_);
  ASSERT_TRUE(WriteFileAtomically(runtimes.Find(profile)->archive, "archive", 0600));
  LaunchRequest second = Request();
  second.id = EngineId(NewUuid());

  ASSERT_TRUE(Launch(second));

  EXPECT_THAT(spawner_.specs().back().argv, Contains(HasSubstr("SharedArchiveFile")));
}

TEST_F(LocalLauncherTest, ReportsTheEndOfAnEngineAndCleansUp) {
  const auto pid = Launch();
  ASSERT_TRUE(pid);

  spawner_.End(*pid, {ProcessEnd::Kind::kExited, 1});

  const auto ended = exited_->Wait(kPatience);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->id, id_);
  EXPECT_EQ(ended->how, "exit status 1");
  thread_.Stop();
  EXPECT_FALSE(std::filesystem::exists(FolderOf(id_) / "secret"));
  EXPECT_TRUE(std::filesystem::exists(FolderOf(id_) / "engine.log"));
}

TEST_F(LocalLauncherTest, ShowsTheLogOfAFailedEngineWithoutItsSecret) {
  spawner_.Behave(
      JavaOfVersion("17", [](const ProcessSpec&) -> Result<FakeProcessSpawner::Outcome> {
        return FakeProcessSpawner::Outcome{"foxfire-engine: FAILED: no hush-hush\n    at x\n",
                                           ProcessEnd{ProcessEnd::Kind::kExited, 1}};
      }));
  ASSERT_TRUE(Launch());
  ASSERT_TRUE(exited_->Wait(kPatience));

  const auto tail = launcher_->LogTail(id_, 10);

  ASSERT_TRUE(tail) << tail.error().message;
  EXPECT_EQ(*tail, "    at x\nfoxfire-engine: FAILED: no <redacted>\n");
}

TEST_F(LocalLauncherTest, AFailedSpawnLeavesNoFolder) {
  spawner_.Behave(
      JavaOfVersion("17", [](const ProcessSpec&) -> Result<FakeProcessSpawner::Outcome> {
        return MakeError(Code::kResourceExhausted, "fork for java: Cannot allocate memory");
      }));

  const auto pid = Launch();

  ASSERT_FALSE(pid);
  EXPECT_THAT(pid.error().message, HasSubstr("Cannot allocate memory"));
  EXPECT_FALSE(std::filesystem::exists(FolderOf(id_)));
}

TEST_F(LocalLauncherTest, RefusesAProfileThatDoesNotExist) {
  LaunchRequest request = Request();
  request.key.profile = "etl";

  const auto pid = Launch(request);

  ASSERT_FALSE(pid);
  EXPECT_EQ(pid.error().code, Code::kInvalidArgument);
  EXPECT_THAT(pid.error().message, HasSubstr("[profile.etl]"));
}

TEST_F(LocalLauncherTest, RefusesAnIdThatIsNoUuid) {
  LaunchRequest request = Request();
  request.id = EngineId("../x");

  EXPECT_FALSE(Launch(request));
  EXPECT_EQ(launcher_->LogTail(request.id, 1).error().code, Code::kInvalidArgument);
}

TEST_F(LocalLauncherTest, ChecksProfilesBeforeTheyAreNeeded) {
  EXPECT_TRUE(launcher_->Check());

  fake_.profile.spark_home = "/nonexistent";
  Make();

  const auto checked = launcher_->Check();
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("profile.default.spark_home"));
}

TEST_F(LocalLauncherTest, TakesNewProfilesForLaunchesFromThenOn) {
  EngineProfile changed = fake_.profile;
  changed.driver_memory = 2ULL << 30;
  EngineProfile added = fake_.profile;
  added.name = "etl";

  ASSERT_TRUE(launcher_->SetProfiles({changed, added}));
  LaunchRequest of_added = Request();
  of_added.id = EngineId(NewUuid());
  of_added.key.profile = "etl";

  ASSERT_TRUE(Launch());
  EXPECT_THAT(spawner_.specs().back().argv, Contains("-Xmx2048m"));
  EXPECT_TRUE(Launch(of_added));
}

TEST_F(LocalLauncherTest, KeepsItsProfilesWhenANewOneIsWrong) {
  EngineProfile changed = fake_.profile;
  changed.driver_memory = 2ULL << 30;
  EngineProfile wrong = fake_.profile;
  wrong.name = "etl";
  wrong.spark_home = "/nowhere";

  const auto set = launcher_->SetProfiles({changed, wrong});

  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message, HasSubstr("/nowhere"));
  ASSERT_TRUE(Launch());
  EXPECT_THAT(spawner_.specs().back().argv, Not(Contains("-Xmx2048m")));
}

TEST_F(LocalLauncherTest, AnOwnersEngineDiffersFromTheProfile) {
  fake_.profile.environment = {{"A", "profile"}, {"B", "profile"}};
  Make();
  LaunchRequest request = Request();
  request.overrides.driver_memory = 3ULL << 30;
  request.overrides.environment = {{"B", "owner"}};

  ASSERT_TRUE(Launch(request));

  const ProcessSpec spec = spawner_.specs().back();
  EXPECT_THAT(spec.argv, Contains("-Xmx3072m"));
  EXPECT_EQ(spec.environment.at("A"), "profile");
  EXPECT_EQ(spec.environment.at("B"), "owner");
}

TEST_F(LocalLauncherTest, ReportsAtOnceAnAdoptedEngineThatIsGone) {
  launcher_->Adopt(id_, 4'999'999);

  const auto ended = exited_->Wait(kPatience);

  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->how, "exit status unknown");
}

TEST_F(LocalLauncherTest, DoesNotAdoptAnotherProcessWithThePid) {
  launcher_->Adopt(id_, getpid());

  EXPECT_TRUE(exited_->Wait(kPatience));
}

TEST_F(LocalLauncherTest, KillsOnlyItsOwn) {
  const auto killed = launcher_->Kill(EngineId(NewUuid()));

  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().code, Code::kNotFound);
}

TEST_F(LocalLauncherTest, KillingAnEngineThatHasEndedIsNoError) {
  ASSERT_TRUE(Launch());

  EXPECT_TRUE(launcher_->Kill(id_));
}

TEST_F(LocalLauncherTest, HasNoLogOfAnEngineItNeverSaw) {
  const auto tail = launcher_->LogTail(EngineId(NewUuid()), 5);

  ASSERT_FALSE(tail);
  EXPECT_EQ(tail.error().code, Code::kNotFound);
}

TEST_F(LocalLauncherTest, MeasuresMemoryOfProcessesThatRun) {
  EXPECT_GT(launcher_->ResidentBytes(getpid()).value_or(0), 1U << 20);
  EXPECT_FALSE(launcher_->ResidentBytes(4'999'999));
  EXPECT_FALSE(launcher_->ResidentBytes(-1));
}

TEST_F(LocalLauncherTest, MakingArchivesReportsAFailedTraining) {
  spawner_.Behave(
      JavaOfVersion("17", [](const ProcessSpec&) -> Result<FakeProcessSpawner::Outcome> {
        return FakeProcessSpawner::Outcome{"", ProcessEnd{ProcessEnd::Kind::kExited, 1}};
      }));

  EXPECT_FALSE(launcher_->MakeArchives());

  fake_.profile.cds_archive = false;
  Make();
  EXPECT_TRUE(launcher_->MakeArchives());
}

}  // namespace
}  // namespace foxfire::launcher
