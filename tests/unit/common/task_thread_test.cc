#include "common/task_thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace foxfire {
namespace {

using namespace std::chrono_literals;

class TaskThreadTest : public testing::Test {
 protected:
  // Keeps the thread busy, so that what is posted meanwhile piles up; returns once it is busy.
  void Block() {
    std::promise<void> busy;
    thread_.Post([this, &busy] {
      busy.set_value();
      gate_.get_future().wait();
    });
    busy.get_future().wait();
  }
  void Unblock() { gate_.set_value(); }

  // Waits until everything that was due by now has run.
  void Flush() {
    std::promise<void> done;
    thread_.PostAt(clock_.Now(), [&done] { done.set_value(); });
    done.get_future().wait();
  }

  SystemClock clock_;
  std::promise<void> gate_;
  TaskThread thread_{"tasks", clock_};
};

TEST_F(TaskThreadTest, RunsTasksOneAfterTheOtherInTheOrderOfPosting) {
  std::vector<int> ran;  // only the thread writes, Flush() orders the reading

  for (int i = 0; i < 100; ++i) thread_.Post([&ran, i] { ran.push_back(i); });
  Flush();

  ASSERT_EQ(ran.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran[static_cast<size_t>(i)], i);
}

TEST_F(TaskThreadTest, RunsWhatIsDueFirstFirst) {
  std::string ran;
  Block();
  const SteadyTime now = clock_.Now();

  thread_.PostAt(now - 1s, [&ran] { ran += 'c'; });
  thread_.PostAt(now - 2s, [&ran] { ran += 'b'; });
  thread_.PostAt(now - 1s, [&ran] { ran += 'd'; });
  thread_.Post([&ran] { ran += 'a'; });
  Unblock();
  Flush();

  EXPECT_EQ(ran, "abcd");
}

TEST_F(TaskThreadTest, WaitsUntilATaskIsDue) {
  std::promise<SteadyTime> ran_at;
  const SteadyTime due = clock_.Now() + 20ms;

  thread_.PostAt(due, [&] { ran_at.set_value(clock_.Now()); });

  EXPECT_GE(ran_at.get_future().get(), due);
}

TEST_F(TaskThreadTest, ANearerTaskOvertakesAFarOne) {
  std::promise<void> ran;
  thread_.PostAfter(1h, [] { FAIL(); });
  thread_.PostAt(SteadyTime::max(), [] { FAIL(); });

  thread_.PostAfter(1ms, [&ran] { ran.set_value(); });

  EXPECT_EQ(ran.get_future().wait_for(30s), std::future_status::ready);
}

TEST_F(TaskThreadTest, ACancelledTaskDoesNotRun) {
  std::string ran;
  Block();

  thread_.Post([&ran] { ran += 'a'; });
  const TimerId b = thread_.PostAt(clock_.Now(), [&ran] { ran += 'b'; });
  thread_.Post([&ran] { ran += 'c'; });
  thread_.Cancel(b);
  thread_.Cancel(b);
  thread_.Cancel(0);
  thread_.Cancel(4711);
  Unblock();
  Flush();

  EXPECT_NE(b, 0U);
  EXPECT_EQ(ran, "ac");
}

TEST_F(TaskThreadTest, CancellingWhatHasRunHarmsNothing) {
  int ran = 0;
  const TimerId timer = thread_.PostAt(clock_.Now(), [&ran] { ++ran; });
  Flush();

  thread_.Cancel(timer);
  thread_.Post([&ran] { ++ran; });
  Flush();

  EXPECT_EQ(ran, 2);
}

TEST_F(TaskThreadTest, TasksMayPostAndCancel) {
  std::promise<std::string> result;
  std::string ran;

  thread_.Post([&] {
    const TimerId never = thread_.PostAfter(1h, [&ran] { ran += 'x'; });
    thread_.Post([&] {
      ran += 'b';
      thread_.Cancel(never);
      thread_.Post([&] { result.set_value(ran); });
    });
    ran += 'a';
  });

  EXPECT_EQ(result.get_future().get(), "ab");
}

TEST_F(TaskThreadTest, StoppingFinishesWhatRunsAndForgetsTheRest) {
  std::atomic<bool> finished = false;
  std::atomic<bool> forgotten_ran = false;
  auto owned = std::make_shared<int>(1);
  std::promise<void> running;
  thread_.Post([&] {
    running.set_value();
    gate_.get_future().wait();
    finished = true;
  });
  running.get_future().wait();
  thread_.PostAfter(1h, [&forgotten_ran, owned] { forgotten_ran = true; });

  std::thread stopper([this] { thread_.Stop(); });
  Unblock();
  stopper.join();

  EXPECT_TRUE(finished);
  EXPECT_FALSE(forgotten_ran);
  EXPECT_EQ(owned.use_count(), 1);
}

TEST_F(TaskThreadTest, NothingRunsAfterTheEnd) {
  thread_.Stop();
  thread_.Stop();

  EXPECT_EQ(thread_.PostAt(clock_.Now(), [] { FAIL(); }), 0U);
  thread_.Post([] { FAIL(); });
}

TEST_F(TaskThreadTest, WhatAForgottenTaskOwnsMayCallBack) {
  int called_back = 0;
  const auto own = [&] {
    return std::shared_ptr<void>(
        nullptr, [this, &called_back](void*) { thread_.Post([&called_back] { ++called_back; }); });
  };

  thread_.Cancel(thread_.PostAfter(1h, [owned = own()] {}));
  Flush();
  EXPECT_EQ(called_back, 1);

  thread_.PostAfter(1h, [owned = own()] {});
  thread_.Stop();
  EXPECT_EQ(called_back, 1);
}

TEST_F(TaskThreadTest, TakesTasksFromManyThreads) {
  std::atomic<int> ran = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 250; ++j) {
        thread_.Post([&ran] { ++ran; });
        thread_.Cancel(thread_.PostAfter(1h, [] { FAIL(); }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Flush();

  EXPECT_EQ(ran, 1000);
}

TEST_F(TaskThreadTest, ManyMayStopItAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([this] { thread_.Stop(); });
  for (std::thread& thread : threads) thread.join();
}

TEST_F(TaskThreadTest, HasAName) {
  std::promise<std::string> name;
  thread_.Post([&name] {
    std::array<char, 16> text{};
    pthread_getname_np(pthread_self(), text.data(), text.size());
    name.set_value(text.data());
  });

  EXPECT_EQ(name.get_future().get(), "tasks");
}

}  // namespace
}  // namespace foxfire
