#include "common/mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace foxfire {
namespace {

using namespace std::chrono_literals;

struct Shared {
  Mutex mutex;
  ConditionVariable changed;
  int value GUARDED_BY(mutex) = 0;
};

TEST(MutexTest, LetsOneThreadInAtATime) {
  Shared shared;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&shared] {
      for (int j = 0; j < 1000; ++j) {
        MutexLock lock(shared.mutex);
        ++shared.value;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  MutexLock lock(shared.mutex);
  EXPECT_EQ(shared.value, 4000);
}

TEST(ConditionVariableTest, WakesThoseWhoWait) {
  Shared shared;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&shared] {
      MutexLock lock(shared.mutex);
      while (shared.value == 0) shared.changed.Wait(shared.mutex);
      ++shared.value;
    });
  }
  {
    MutexLock lock(shared.mutex);
    shared.value = 1;
    shared.changed.NotifyAll();
  }
  for (std::thread& thread : threads) thread.join();

  MutexLock lock(shared.mutex);
  EXPECT_EQ(shared.value, 5);
}

TEST(ConditionVariableTest, StopsWaitingAtTheDeadline) {
  Shared shared;
  MutexLock lock(shared.mutex);

  const auto deadline = std::chrono::steady_clock::now() + 5ms;
  while (shared.changed.WaitUntil(shared.mutex, deadline)) {
  }

  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
}

TEST(ConditionVariableTest, HearsANotificationBeforeTheDeadline) {
  Shared shared;
  std::thread other([&shared] {
    MutexLock lock(shared.mutex);
    shared.value = 1;
    shared.changed.NotifyOne();
  });

  {
    MutexLock lock(shared.mutex);
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (shared.value == 0 && shared.changed.WaitUntil(shared.mutex, deadline)) {
    }
    EXPECT_EQ(shared.value, 1);
  }
  other.join();
}

}  // namespace
}  // namespace foxfire
