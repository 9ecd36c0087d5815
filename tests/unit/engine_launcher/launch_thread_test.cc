#include "engine_launcher/launch_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "engine_launcher/awaited.h"
#include "tests/fakes/fake_process_spawner.h"

namespace foxfire::launcher {
namespace {

constexpr Duration kPatience = std::chrono::seconds(10);

class LaunchThreadTest : public testing::Test {
 protected:
  SystemClock clock_;
  FakeProcessSpawner spawner_;
  LaunchThread thread_{spawner_, clock_};
};

TEST_F(LaunchThreadTest, IsNamedForPeopleWhoLookAtIt) {
  const auto name = Awaited<std::string>::Make();

  thread_.Post([name] {
    char text[16] = {};
    pthread_getname_np(pthread_self(), text, sizeof text);
    name->Set(text);
  });

  EXPECT_EQ(name->Wait(kPatience), "launch");
}

TEST_F(LaunchThreadTest, RunsTasksInOrder) {
  const auto done = Awaited<std::string>::Make();
  auto order = std::make_shared<std::string>();

  thread_.PostAfter(std::chrono::milliseconds(30), [order, done] { done->Set(*order + "c"); });
  thread_.Post([order] { *order += "a"; });
  thread_.Post([order] { *order += "b"; });

  EXPECT_EQ(done->Wait(kPatience), "abc");
}

TEST_F(LaunchThreadTest, ForgetsACancelledTask) {
  const auto done = Awaited<bool>::Make();
  const TimerId timer =
      thread_.PostAfter(std::chrono::milliseconds(20), [done] { done->Set(false); });

  thread_.Cancel(timer);
  thread_.Cancel(timer);
  thread_.PostAfter(std::chrono::milliseconds(40), [done] { done->Set(true); });

  EXPECT_EQ(done->Wait(kPatience), true);
}

TEST_F(LaunchThreadTest, ReportsTheEndOfAProcess) {
  auto process = spawner_.Spawn({{"x"}, {}, "", -1, 0});
  ASSERT_TRUE(process);
  const auto ended = Awaited<ProcessEnd>::Make();
  thread_.Watch(std::move(process->pidfd), [ended](ProcessEnd end) { ended->Set(end); });

  spawner_.End(process->pid, {ProcessEnd::Kind::kSignalled, 9});

  EXPECT_EQ(ended->Wait(kPatience), (ProcessEnd{ProcessEnd::Kind::kSignalled, 9}));
}

TEST_F(LaunchThreadTest, ReportsAProcessThatCannotBeWatched) {
  const auto ended = Awaited<ProcessEnd>::Make();

  thread_.Watch(UniqueFd(), [ended](ProcessEnd end) { ended->Set(end); });

  EXPECT_EQ(ended->Wait(kPatience), ProcessEnd{});
}

TEST_F(LaunchThreadTest, RunsNothingOnceStopped) {
  std::atomic<bool> ran = false;
  thread_.PostAfter(std::chrono::hours(1), [&ran] { ran = true; });

  thread_.Stop();
  thread_.Stop();
  thread_.Post([&ran] { ran = true; });

  EXPECT_EQ(thread_.PostAfter(Duration(0), [&ran] { ran = true; }), 0U);
  EXPECT_FALSE(ran);
}

TEST_F(LaunchThreadTest, TakesWorkFromManyThreads) {
  std::atomic<int> ran = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, &ran] {
      for (int j = 0; j < 100; ++j) {
        thread_.Post([&ran] { ++ran; });
        thread_.Cancel(thread_.PostAfter(std::chrono::hours(1), [&ran] { ++ran; }));
        auto process = spawner_.Spawn({{"x"}, {}, "", -1, 0});
        thread_.Watch(std::move(process->pidfd), [&ran](ProcessEnd) { ++ran; });
        spawner_.End(process->pid, FakeProcessSpawner::kSuccess);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  const SteadyTime deadline = clock_.Now() + kPatience;
  while (ran < 800 && clock_.Now() < deadline) std::this_thread::yield();
  EXPECT_EQ(ran, 800);
}

TEST(ProcessEndTest, IsNamedAsTheBrokerExpects) {
  EXPECT_EQ((ProcessEnd{ProcessEnd::Kind::kExited, 1}).ToString(), "exit status 1");
  EXPECT_EQ((ProcessEnd{ProcessEnd::Kind::kSignalled, 9}).ToString(), "signal 9");
  EXPECT_EQ(ProcessEnd{}.ToString(), "exit status unknown");
}

}  // namespace
}  // namespace foxfire::launcher
