// LocalLauncher with engines that it does not start by java itself, or not as its own user.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine_launcher/awaited.h"
#include "engine_launcher/engine_properties.h"
#include "engine_launcher/local_launcher.h"
#include "tests/fakes/fake_clock.h"
#include "tests/support/fake_installation.h"
#include "tests/unit/engine_launcher/fake_java_behaviour.h"

namespace foxfire::launcher {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr Duration kPatience = std::chrono::seconds(10);
constexpr const char* kDriver = "driver-20260102030405-0006";
constexpr ProcessEnd kFailed{ProcessEnd::Kind::kExited, 1};

class LauncherKindsTest : public testing::Test {
 protected:
  LauncherKindsTest() {
    for (const char* program : {"spark-submit", "spark-class"})
      folder_.Write(std::string("spark/bin/") + program, "", 0755);
    start_ = folder_.Write("start", "", 0755).string();
    stop_ = folder_.Write("stop", "", 0755).string();
    fake_.options.gateway_public_key = "public";
    fake_.profile.launcher = LauncherKind::kSparkSubmit;
    spawner_.Behave(JavaOfVersion("17"));
  }
  ~LauncherKindsTest() override { thread_.Stop(); }

  void UseStandaloneCluster() {
    fake_.profile.master = "spark://master:7077";
    fake_.profile.deploy_mode = DeployMode::kCluster;
    fake_.profile.advertise_host = "auto";
  }
  void UseCommand() {
    fake_.profile.launcher = LauncherKind::kCommand;
    fake_.profile.launch_command = {start_, "{engine_id}"};
  }
  void Behave(FakeProcessSpawner::Behaviour engine) {
    spawner_.Behave(JavaOfVersion("17", std::move(engine)));
  }

  LocalLauncher& launcher() {
    if (!launcher_) {
      launcher_ = std::make_unique<LocalLauncher>(
          fake_.options, std::vector<EngineProfile>{fake_.profile}, spawner_, thread_);
      launcher_->OnExit([this](EngineExit ended) { exited_->Set(std::move(ended)); });
    }
    return *launcher_;
  }
  Result<int64_t> Launch() {
    LaunchRequest request;
    request.id = id_;
    request.key.owner = "alice";
    request.run_as = user_;
    request.secret = Secret("hush-hush");
    const auto started = Awaited<Result<int64_t>>::Make();
    launcher().Launch(std::move(request), [started](Result<int64_t> pid) { started->Set(pid); });
    const auto answer = started->Wait(kPatience);
    return answer ? *answer : MakeError(Code::kDeadlineExceeded, "no answer");
  }
  std::shared_ptr<Awaited<Result<RemoteEnd>>> StartKilling(const std::string& submission_id = "",
                                                           EngineOverrides overrides = {}) {
    RemoteEngine engine;
    engine.id = id_;
    engine.key.owner = "alice";
    engine.run_as = user_;
    engine.submission_id = submission_id;
    engine.overrides = std::move(overrides);
    auto killed = Awaited<Result<RemoteEnd>>::Make();
    launcher().KillRemote(std::move(engine),
                          [killed](Result<RemoteEnd> done) { killed->Set(std::move(done)); });
    return killed;
  }
  Result<RemoteEnd> KillRemote(const std::string& submission_id = "",
                               EngineOverrides overrides = {}) {
    const auto answer = StartKilling(submission_id, std::move(overrides))->Wait(kPatience);
    return answer ? *answer : MakeError(Code::kDeadlineExceeded, "no answer");
  }
  // Whatever was posted to the launch thread before has been done then.
  // Ends of processes are events, which a task might overtake; another event does not.
  void AwaitThread() {
    const auto done = Awaited<bool>::Make();
    thread_.WatchInput(UniqueFd(eventfd(1, EFD_CLOEXEC)), [done] { done->Set(true); });
    EXPECT_TRUE(done->Wait(kPatience));
  }
  // The process that was started last; fake ones are numbered.
  int64_t LastPid() const { return 5'000'000 + static_cast<int64_t>(spawner_.specs().size()); }
  bool LastIs(const std::string& program) const {
    return spawner_.specs().back().argv.front().ends_with(program);
  }
  Path File(const std::string& name) const { return fake_.options.state_folder / id_.str() / name; }

  const EngineId id_{NewUuid()};
  std::string user_ = "alice";
  TempFolder folder_;
  FakeInstallation fake_{folder_};
  std::string start_;
  std::string stop_;
  std::shared_ptr<Awaited<EngineExit>> exited_ = Awaited<EngineExit>::Make();
  FakeClock clock_;
  FakeProcessSpawner spawner_;
  LaunchThread thread_{spawner_, clock_};
  std::unique_ptr<LocalLauncher> launcher_;
};

TEST_F(LauncherKindsTest, InClientModeTheProcessIsTheEngine) {
  ASSERT_TRUE(launcher().Check()) << launcher().Check().error().message;

  const auto pid = Launch();

  ASSERT_TRUE(pid) << pid.error().message;
  EXPECT_EQ(*pid, LastPid());
  EXPECT_TRUE(LastIs("/spark-submit"));
  EXPECT_EQ(*ReadFile(File("secret")), "hush-hush");
  EXPECT_THAT(*ReadFile(File("engine.properties")), HasSubstr("spark.foxfire.secret.file="));
  EXPECT_THAT(spawner_.specs().back().argv, Contains(File("engine.properties").string()));

  spawner_.End(*pid, FakeProcessSpawner::kSuccess);

  const auto ended = exited_->Wait(kPatience);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->how, "exit status 0");
}

TEST_F(LauncherKindsTest, InClientModeNoClusterManagerIsAsked) {
  fake_.profile.master = "yarn";

  const auto killed = KillRemote();

  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(killed.error().message, HasSubstr("runs on another machine"));
}

TEST_F(LauncherKindsTest, ASubmissionThatEndsWellIsNoEnginesEnd) {
  UseStandaloneCluster();
  ASSERT_TRUE(launcher().Check()) << launcher().Check().error().message;

  EXPECT_EQ(Launch().value_or(-1), 0);
  EXPECT_FALSE(std::filesystem::exists(File("secret")));
  spawner_.End(LastPid(), FakeProcessSpawner::kSuccess);
  AwaitThread();
  const auto killed = launcher().Kill(id_);

  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().code, Code::kNotFound);
  EXPECT_FALSE(exited_->Wait(std::chrono::milliseconds(0)));
}

TEST_F(LauncherKindsTest, ASubmissionThatFailsIsTheEnginesEnd) {
  UseStandaloneCluster();
  Behave([](const ProcessSpec&) -> Result<FakeProcessSpawner::Outcome> {
    return FakeProcessSpawner::Outcome{"Exception: no hush-hush\n", kFailed};
  });

  EXPECT_EQ(Launch().value_or(-1), 0);

  const auto ended = exited_->Wait(kPatience);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->how, "exit status 1");
  EXPECT_EQ(launcher().LogTail(id_, 5).value_or(""), "Exception: no <redacted>\n");
}

TEST_F(LauncherKindsTest, AStandaloneDriverIsKilledByTheIdInTheLog) {
  UseStandaloneCluster();
  Behave([](const ProcessSpec& spec) -> Result<FakeProcessSpawner::Outcome> {
    if (spec.argv[1] == "org.apache.spark.deploy.Client")
      return FakeProcessSpawner::Outcome{"", FakeProcessSpawner::kSuccess};
    return FakeProcessSpawner::Outcome{std::string("submitted as ") + kDriver + "\n",
                                       FakeProcessSpawner::kSuccess};
  });
  ASSERT_TRUE(Launch());

  const auto killed = KillRemote();

  ASSERT_TRUE(killed) << killed.error().message;
  EXPECT_EQ(*killed, RemoteEnd::kEnded);
  EXPECT_THAT(spawner_.specs().back().argv,
              ElementsAre(HasSubstr("/spark-class"), "org.apache.spark.deploy.Client", "kill",
                          "spark://master:7077", kDriver));
}

TEST_F(LauncherKindsTest, AKillThatFailsSaysWhatWasPrinted) {
  UseStandaloneCluster();
  Behave([](const ProcessSpec&) -> Result<FakeProcessSpawner::Outcome> {
    return FakeProcessSpawner::Outcome{"no master at home\n", kFailed};
  });

  const auto killed = KillRemote(kDriver);

  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().code, Code::kAborted) << "there is a way, and it has failed";
  EXPECT_THAT(killed.error().message, HasSubstr("exit status 1"));
  EXPECT_THAT(killed.error().message, HasSubstr("no master at home"));
}

TEST_F(LauncherKindsTest, ADriverThatIsGoneIsNoErrorAndNotTakenForKilled) {
  UseStandaloneCluster();
  for (const ProcessEnd end : {kFailed, FakeProcessSpawner::kSuccess}) {
    Behave([end](const ProcessSpec&) -> Result<FakeProcessSpawner::Outcome> {
      return FakeProcessSpawner::Outcome{
          std::string("Driver ") + kDriver + " has already finished or does not exist\n", end};
    });

    const auto killed = KillRemote(kDriver);

    ASSERT_TRUE(killed) << killed.error().message;
    EXPECT_EQ(*killed, RemoteEnd::kNotFound) << end.ToString();
  }
}

TEST_F(LauncherKindsTest, AKillLooksWhereTheOwnersEnvironmentLeads) {
  fake_.profile.master = "yarn";
  fake_.profile.deploy_mode = DeployMode::kCluster;
  fake_.profile.environment = {{"HADOOP_CONF_DIR", "/etc/hadoop"}, {"TZ", "UTC"}};
  Behave([](const ProcessSpec&) -> Result<FakeProcessSpawner::Outcome> {
    return FakeProcessSpawner::Outcome{"killed application_1_2\n", FakeProcessSpawner::kSuccess};
  });
  EngineOverrides overrides;
  overrides.environment = {{"HADOOP_CONF_DIR", "/etc/other"}};

  const auto killed = KillRemote("", overrides);

  ASSERT_TRUE(killed) << killed.error().message;
  EXPECT_EQ(*killed, RemoteEnd::kEnded);
  const ProcessSpec spec = spawner_.specs().back();
  EXPECT_THAT(spec.environment, Contains(Pair("HADOOP_CONF_DIR", "/etc/other")));
  EXPECT_THAT(spec.environment, Contains(Pair("TZ", "UTC")));
  EXPECT_THAT(spec.argv, Contains(testing::StartsWith("/etc/other:")));

  ASSERT_TRUE(KillRemote());
  EXPECT_THAT(spawner_.specs().back().argv, Contains(testing::StartsWith("/etc/hadoop:")));
}

TEST_F(LauncherKindsTest, AKillThatTakesTooLongIsGivenUp) {
  UseStandaloneCluster();
  Behave([](const ProcessSpec&) -> Result<FakeProcessSpawner::Outcome> {
    return FakeProcessSpawner::Outcome{"waiting\n"};
  });
  const auto killing = StartKilling(kDriver);
  ASSERT_TRUE(spawner_.AwaitStarted(3));  // two questions to java come first
  AwaitThread();

  clock_.Advance(RemoteKills::kTimeout);
  AwaitThread();
  spawner_.End(LastPid(), {ProcessEnd::Kind::kSignalled, 9});

  const auto killed = killing->Wait(kPatience);
  ASSERT_TRUE(killed);
  ASSERT_FALSE(*killed);
  EXPECT_EQ(killed->error().code, Code::kDeadlineExceeded);
  EXPECT_THAT(killed->error().message, HasSubstr("did not end within 1m"));
}

TEST_F(LauncherKindsTest, TwoKillsRunAtOnceAndTheThirdWaits) {
  UseStandaloneCluster();
  Behave([](const ProcessSpec&) -> Result<FakeProcessSpawner::Outcome> {
    return FakeProcessSpawner::Outcome{};
  });
  const auto first = StartKilling(kDriver);
  const auto second = StartKilling(kDriver);
  const auto third = StartKilling(kDriver);
  ASSERT_TRUE(spawner_.AwaitStarted(4));
  AwaitThread();
  EXPECT_EQ(spawner_.specs().size(), 4U);  // two questions to java, two kills

  spawner_.End(LastPid(), FakeProcessSpawner::kSuccess);

  EXPECT_TRUE(second->Wait(kPatience));
  EXPECT_TRUE(spawner_.AwaitStarted(5));
}

TEST_F(LauncherKindsTest, AnEngineOfAProfileThatIsGoneCannotBeKilled) {
  fake_.profile.name = "other";

  const auto killed = KillRemote();

  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(killed.error().message, HasSubstr("\"default\""));
}

TEST_F(LauncherKindsTest, NeitherALaunchNorASpareGoesWithoutThePackagesThatItsOwnerWants) {
  fake_.profile.launcher = LauncherKind::kLocal;
  LaunchRequest request;
  request.id = id_;
  request.spark_conf = {{"spark.jars.packages", "x:y:1"}};
  const auto started = Awaited<Result<int64_t>>::Make();
  const auto bound = Awaited<Result<void>>::Make();

  launcher().Launch(request, [started](Result<int64_t> pid) { started->Set(std::move(pid)); });
  launcher().BindSpare(request, [bound](Result<void> done) { bound->Set(std::move(done)); });

  const auto launch = started->Wait(kPatience);
  ASSERT_TRUE(launch && !*launch);
  EXPECT_THAT(launch->error().message, HasSubstr("spark.jars.packages"));
  const auto binding = bound->Wait(kPatience);
  ASSERT_TRUE(binding && !*binding);
  EXPECT_EQ(binding->error().message, launch->error().message);
}

TEST_F(LauncherKindsTest, TheOperatorsProgramIsToldAllByFilesAndVariables) {
  UseCommand();
  fake_.profile.spark_home = "";
  ASSERT_TRUE(launcher().Check()) << launcher().Check().error().message;

  EXPECT_EQ(Launch().value_or(-1), 0);

  const ProcessSpec spec = spawner_.specs().back();
  EXPECT_THAT(spec.argv, ElementsAre(start_, id_.str()));
  EXPECT_THAT(spec.environment, Contains(Pair("FOXFIRE_ENGINE_ID", id_.str())));
  EXPECT_THAT(*ReadFile(File("engine.properties")),
              HasSubstr("\nfoxfire.gateway.public.key=public\n"));
  EXPECT_THAT(*ReadFile(File("submit.properties")),
              HasSubstr("spark.foxfire.gateway.public.key=public\n"));
  EXPECT_THAT(*ReadFile(File("engine.properties")), Not(HasSubstr("secret.file")));
  EXPECT_FALSE(std::filesystem::exists(File("secret")));
}

TEST_F(LauncherKindsTest, TheOperatorsProgramMayStayOrHandOver) {
  UseCommand();
  ASSERT_TRUE(Launch());

  spawner_.End(LastPid(), {ProcessEnd::Kind::kExited, 3});

  const auto ended = exited_->Wait(kPatience);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->how, "exit status 3");
}

TEST_F(LauncherKindsTest, WithoutAKillCommandOnlyAProgramThatStaysCanBeKilled) {
  UseCommand();
  ASSERT_TRUE(Launch());
  EXPECT_TRUE(KillRemote());

  spawner_.End(LastPid(), FakeProcessSpawner::kSuccess);
  AwaitThread();

  const auto killed = KillRemote();
  ASSERT_FALSE(killed);
  EXPECT_THAT(killed.error().message, HasSubstr("profile.default.kill_command"));
}

TEST_F(LauncherKindsTest, RunsTheKillCommand) {
  UseCommand();
  fake_.profile.kill_command = {stop_, "{engine_id}", "{submission_id}"};
  Behave([](const ProcessSpec&) -> Result<FakeProcessSpawner::Outcome> {
    return FakeProcessSpawner::Outcome{"", FakeProcessSpawner::kSuccess};
  });

  EXPECT_TRUE(KillRemote("job-7"));

  EXPECT_THAT(spawner_.specs().back().argv, ElementsAre(stop_, id_.str(), "job-7"));
}

TEST_F(LauncherKindsTest, WorksAsTheOwnerForHadoop) {
  fake_.profile.launcher = LauncherKind::kLocal;
  fake_.profile.run_as = RunAs::kHadoopUser;

  ASSERT_TRUE(Launch());

  EXPECT_THAT(spawner_.specs().back().environment, Contains(Pair("HADOOP_USER_NAME", "alice")));
  EXPECT_FALSE(spawner_.specs().back().user);
}

TEST_F(LauncherKindsTest, GivesTheOsUserWhatItNeedsAndNoMore) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  chmod(folder_.path().c_str(), 0711);
  fake_.profile.launcher = LauncherKind::kLocal;
  fake_.profile.run_as = RunAs::kOsUser;
  fake_.options.zookeeper_digest_file = folder_.Write("digest", "foxfire:pass\n", 0600).string();
  user_ = "nobody";
  const auto nobody = FindOsUser("nobody");
  ASSERT_TRUE(nobody) << nobody.error().message;
  ASSERT_TRUE(launcher().Check()) << launcher().Check().error().message;

  const auto pid = Launch();

  ASSERT_TRUE(pid) << pid.error().message;
  const ProcessSpec spec = spawner_.specs().back();
  EXPECT_EQ(spec.user, nobody->ids);
  EXPECT_EQ(spec.working_folder, File("work"));
  const auto about = [this](const char* name) {
    struct stat info {};
    EXPECT_EQ(stat(File(name).c_str(), &info), 0) << name;
    return std::pair<uid_t, mode_t>(info.st_uid, info.st_mode & 0777);
  };
  const uid_t uid = nobody->ids.uid;
  for (const char* folder : {"work", "tmp"})
    EXPECT_EQ(about(folder), std::pair(uid, mode_t{0700})) << folder;
  for (const char* file : {"work/secret", "work/zookeeper.digest", "engine.properties"})
    EXPECT_EQ(about(file), std::pair(uid, mode_t{0600})) << file;
  EXPECT_EQ(about("."), std::pair(uid_t{0}, mode_t{0711}));
  EXPECT_EQ(about("engine.log"), std::pair(uid_t{0}, mode_t{0600}));

  spawner_.End(*pid, kFailed);
  ASSERT_TRUE(exited_->Wait(kPatience));
  AwaitThread();
  for (const char* gone : {"work/secret", "work/zookeeper.digest", "tmp"})
    EXPECT_FALSE(std::filesystem::exists(File(gone))) << gone;
}

TEST_F(LauncherKindsTest, RefusesOsUsersThatAreNoneOrRoot) {
  fake_.profile.launcher = LauncherKind::kLocal;
  fake_.profile.run_as = RunAs::kOsUser;
  user_ = "no-such-user";

  const auto nobody = Launch();

  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(nobody.error().message, HasSubstr("no OS user \"no-such-user\""));

  user_ = "root";
  const auto root = Launch();

  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().code, Code::kPermissionDenied);
  EXPECT_FALSE(std::filesystem::exists(File("")));
}

}  // namespace
}  // namespace foxfire::launcher
