// The launcher with real processes: a shell script plays java.
#include "engine_launcher/local_launcher.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "engine_launcher/awaited.h"
#include "engine_launcher/posix_process_spawner.h"
#include "engine_launcher/process_info.h"
#include "tests/support/fake_installation.h"

namespace foxfire::launcher {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr Duration kPatience = std::chrono::seconds(20);

// A gateway's part that starts engines; a second one is "the next gateway".
struct Gateway {
  explicit Gateway(const FakeInstallation& fake)
      : launcher(fake.options, {fake.profile}, spawner, thread) {
    launcher.OnExit([ended = ended](EngineExit end) { ended->Set(std::move(end)); });
  }
  ~Gateway() { thread.Stop(); }

  Result<int64_t> Launch(const EngineId& id) {
    LaunchRequest request;
    request.id = id;
    request.key.owner = "alice";
    request.run_as = "alice";
    request.secret = Secret("hush-hush");
    const auto started = Awaited<Result<int64_t>>::Make();
    launcher.Launch(request, [started](Result<int64_t> pid) { started->Set(pid); });
    const auto answer = started->Wait(kPatience);
    return answer ? *answer : MakeError(Code::kDeadlineExceeded, "no answer");
  }

  std::shared_ptr<Awaited<EngineExit>> ended = Awaited<EngineExit>::Make();
  SystemClock clock;
  PosixProcessSpawner spawner;
  LaunchThread thread{spawner, clock};
  LocalLauncher launcher;
};

class LocalLauncherProcessTest : public testing::Test {
 protected:
  // The log once it holds `text`.
  std::string AwaitLog(const Gateway& gateway, const std::string& text) const {
    const SteadyTime deadline = std::chrono::steady_clock::now() + kPatience;
    std::string log;
    do {
      log = gateway.launcher.LogTail(id_, 1000).value_or("");
    } while (log.find(text) == std::string::npos && std::chrono::steady_clock::now() < deadline);
    return log;
  }

  const EngineId id_{NewUuid()};
  TempFolder folder_;
  FakeInstallation fake_{folder_};
};

TEST_F(LocalLauncherProcessTest, RunsJavaWithArgumentsAndEnvironment) {
  fake_.profile.environment["FAKE_ENGINE"] = "echo ready";
  Gateway gateway(fake_);

  const auto pid = gateway.Launch(id_);

  ASSERT_TRUE(pid) << pid.error().message;
  const std::string log = AwaitLog(gateway, "ready");
  EXPECT_THAT(log, AllOf(HasSubstr("argument foxfire.engine.EngineMain"),
                         HasSubstr("argument -Dfoxfire.engine.id=" + id_.str()),
                         HasSubstr("variable SPARK_HOME=" + fake_.profile.spark_home),
                         HasSubstr("variable JAVA_HOME=/opt/java"), Not(HasSubstr("hush-hush"))));
  ASSERT_TRUE(gateway.launcher.Kill(id_));
  EXPECT_TRUE(gateway.ended->Wait(kPatience));
}

TEST_F(LocalLauncherProcessTest, ReportsHowAnEngineEndedAndWhy) {
  fake_.profile.environment["FAKE_ENGINE"] =
      "echo 'foxfire-engine: FAILED: no memory'; echo '  at x'; exit 1";
  Gateway gateway(fake_);
  ASSERT_TRUE(gateway.Launch(id_));

  const auto ended = gateway.ended->Wait(kPatience);

  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->how, "exit status 1");
  EXPECT_EQ(*gateway.launcher.LogTail(id_, 2), "  at x\nfoxfire-engine: FAILED: no memory\n");
}

TEST_F(LocalLauncherProcessTest, KillsTheEngineWithAllItStarted) {
  fake_.profile.environment["FAKE_ENGINE"] = "sleep 600 & echo worker $!.";
  Gateway gateway(fake_);
  ASSERT_TRUE(gateway.Launch(id_));
  const std::string log = AwaitLog(gateway, "\nworker ");
  const int64_t worker = std::atoll(log.substr(log.rfind("worker ") + 7).c_str());
  auto worker_process = OpenProcess(worker);
  ASSERT_TRUE(worker_process) << worker_process.error().message;
  const auto worker_ended = Awaited<bool>::Make();
  gateway.thread.Watch(*std::move(worker_process),
                       [worker_ended](ProcessEnd) { worker_ended->Set(true); });

  ASSERT_TRUE(gateway.launcher.Kill(id_));

  const auto ended = gateway.ended->Wait(kPatience);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->how, "signal 9");
  EXPECT_TRUE(worker_ended->Wait(kPatience));
}

TEST_F(LocalLauncherProcessTest, TheNextGatewayAdoptsARunningEngine) {
  int64_t pid = 0;
  {
    Gateway first(fake_);
    const auto launched = first.Launch(id_);
    ASSERT_TRUE(launched) << launched.error().message;
    pid = *launched;
  }
  Gateway second(fake_);
  ASSERT_TRUE(second.launcher.Check());
  EXPECT_TRUE(std::filesystem::exists(fake_.options.state_folder / id_.str() / "tmp"));

  second.launcher.Adopt(id_, pid);
  second.launcher.Adopt(id_, pid);
  const auto adopted = Awaited<bool>::Make();
  second.thread.Post([adopted] { adopted->Set(true); });
  ASSERT_TRUE(adopted->Wait(kPatience));
  EXPECT_GT(second.launcher.ResidentBytes(pid).value_or(0), 0U);
  ASSERT_TRUE(second.launcher.Kill(id_));

  const auto ended = second.ended->Wait(kPatience);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->id, id_);
}

TEST_F(LocalLauncherProcessTest, NamesTheCureForAMissingJava) {
  std::filesystem::remove(folder_ / "java/bin/java");
  Gateway gateway(fake_);

  const auto pid = gateway.Launch(id_);

  ASSERT_FALSE(pid);
  EXPECT_THAT(pid.error().message, HasSubstr("profile.default.java_home"));
}

TEST_F(LocalLauncherProcessTest, MakesAnArchiveAndStartsFromIt) {
  // Plays the training run: the option's value is where the archive belongs.
  fake_.profile.environment["FAKE_ENGINE"] =
      "for a; do case $a in -XX:ArchiveClassesAtExit=*) echo archive > ${a#*=}; exit 0;; esac; "
      "done; "
      "echo ready";
  Gateway gateway(fake_);

  const auto made = gateway.launcher.MakeArchives();

  ASSERT_TRUE(made) << made.error().message;
  ASSERT_TRUE(gateway.Launch(id_));
  EXPECT_THAT(AwaitLog(gateway, "ready"), HasSubstr("argument -XX:SharedArchiveFile="));
  ASSERT_TRUE(gateway.launcher.Kill(id_));
  EXPECT_TRUE(gateway.ended->Wait(kPatience));
}

}  // namespace
}  // namespace foxfire::launcher
