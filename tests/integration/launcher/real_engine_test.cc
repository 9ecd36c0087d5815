// The real engine on real Spark: from a class data archive, registered in a real ZooKeeper.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "engine_launcher/awaited.h"
#include "engine_launcher/embedded_zookeeper.h"
#include "engine_launcher/local_launcher.h"
#include "engine_launcher/posix_process_spawner.h"
#include "tests/support/free_port.h"
#include "tests/support/temp_folder.h"

namespace foxfire::launcher {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Duration kPatience = std::chrono::minutes(2);

class RealEngineTest : public testing::Test {
 protected:
  RealEngineTest() {
    profile_.spark_home = FOXFIRE_SPARK_HOME;
    profile_.driver_memory = kDriverMemoryMin;
    profile_.master = "local[2]";
    options_.state_folder = folder_ / "engines";
    options_.cache_folder = folder_ / "cache";
    options_.engine_jar = FOXFIRE_ENGINE_JAR;
    zookeeper_options_.folder = folder_ / "zookeeper";
    zookeeper_options_.port = FreePort();
    zookeeper_options_.profile = profile_;
    options_.zookeeper_connect = "127.0.0.1:" + std::to_string(zookeeper_options_.port);
  }
  ~RealEngineTest() override { thread_.Stop(); }

  EngineId Launch(LocalLauncher& launcher) {
    LaunchRequest request;
    request.id = EngineId(NewUuid());
    request.key.owner = "alice";
    request.run_as = "alice";
    request.secret = Secret("hush-hush");
    const auto started = Awaited<Result<int64_t>>::Make();
    launcher.Launch(request, [started](Result<int64_t> pid) { started->Set(pid); });
    const auto pid = started->Wait(kPatience);
    EXPECT_TRUE(pid && *pid);
    pid_ = pid->value_or(0);
    return request.id;
  }

  // Its log, once it holds `text` or it is too late.
  std::string AwaitLog(const LocalLauncher& launcher, const EngineId& id, const std::string& text) {
    const SteadyTime deadline = clock_.Now() + kPatience;
    std::string log;
    do {
      log = launcher.LogTail(id, 1000).value_or("");
    } while (log.find(text) == std::string::npos && clock_.Now() < deadline);
    return log;
  }

  // Launches an engine, sees it register, and ends it.
  void RunToRegistration(LocalLauncher& launcher, bool from_archive) {
    const auto ended = Awaited<EngineExit>::Make();
    launcher.OnExit([ended](EngineExit end) { ended->Set(std::move(end)); });
    const EngineId id = Launch(launcher);
    const std::string log = AwaitLog(launcher, id, "foxfire-engine: registered");
    EXPECT_THAT(log, HasSubstr("foxfire-engine: registered"));
    EXPECT_THAT(log, Not(HasSubstr("hush-hush")));
    EXPECT_EQ(MapsOwnArchive(), from_archive);
    EXPECT_FALSE(std::filesystem::exists(options_.state_folder / id.str() / "secret"));
    EXPECT_TRUE(launcher.Kill(id));
    EXPECT_TRUE(ended->Wait(kPatience));
  }

  // The JVM unmaps an archive that does not fit.
  bool MapsOwnArchive() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/maps");
    const std::string maps(std::istreambuf_iterator<char>(file), {});
    return maps.find(options_.cache_folder.string()) != std::string::npos;
  }

  TempFolder folder_;
  EngineProfile profile_;
  LauncherOptions options_;
  EmbeddedZooKeeperOptions zookeeper_options_;
  int64_t pid_ = 0;
  SystemClock clock_;
  PosixProcessSpawner spawner_;
  LaunchThread thread_{spawner_, clock_};
};

TEST_F(RealEngineTest, RegistersFromItsArchive) {
  LocalLauncher launcher(options_, {profile_}, spawner_, thread_);
  EmbeddedZooKeeper zookeeper(zookeeper_options_, spawner_, thread_);
  const auto checked = launcher.Check();
  ASSERT_TRUE(checked) << checked.error().message;
  const auto served = zookeeper.Start();
  ASSERT_TRUE(served) << served.error().message;

  RunToRegistration(launcher, false);
  const auto made = launcher.MakeArchives();
  ASSERT_TRUE(made) << made.error().message;
  RunToRegistration(launcher, true);

  EXPECT_TRUE(zookeeper.Stop());
  thread_.Stop();
}

TEST_F(RealEngineTest, SaysWhyItCannotStart) {
  profile_.master = "nonsense";
  LocalLauncher launcher(options_, {profile_}, spawner_, thread_);
  const auto ended = Awaited<EngineExit>::Make();
  launcher.OnExit([ended](EngineExit end) { ended->Set(std::move(end)); });
  const EngineId id = Launch(launcher);

  const auto end = ended->Wait(kPatience);

  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, "exit status 1");
  EXPECT_THAT(launcher.LogTail(id, 1).value_or(""), HasSubstr("foxfire-engine: FAILED:"));
  thread_.Stop();
}

}  // namespace
}  // namespace foxfire::launcher
