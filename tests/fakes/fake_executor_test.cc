#include "tests/fakes/fake_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace foxfire {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class FakeExecutorTest : public testing::Test {
 protected:
  Task Note(int number) {
    return [this, number] { ran_.push_back(number); };
  }

  FakeClock clock_;
  FakeExecutor executor_{clock_};
  std::vector<int> ran_;
};

TEST_F(FakeExecutorTest, RunsNothingByItself) {
  executor_.Post(Note(1));

  EXPECT_TRUE(ran_.empty());
  EXPECT_EQ(executor_.pending(), 1U);
}

TEST_F(FakeExecutorTest, RunsPostedTasksInOrderWithThoseTheyPost) {
  executor_.Post([this] {
    ran_.push_back(1);
    executor_.Post(Note(3));
  });
  executor_.Post(Note(2));

  executor_.RunUntilIdle();

  EXPECT_THAT(ran_, ElementsAre(1, 2, 3));
  EXPECT_EQ(executor_.pending(), 0U);
}

TEST_F(FakeExecutorTest, LeavesTimersThatAreNotDue) {
  executor_.PostAfter(1s, Note(1));

  executor_.RunUntilIdle();
  executor_.Advance(999ms);
  EXPECT_TRUE(ran_.empty());

  executor_.Advance(1ms);
  EXPECT_THAT(ran_, ElementsAre(1));
}

TEST_F(FakeExecutorTest, RunsEachTimerAtItsOwnTime) {
  const SteadyTime start = clock_.Now();
  std::vector<Duration> times;
  const auto note_time = [&] { times.push_back(clock_.Now() - start); };
  executor_.PostAfter(3s, note_time);
  executor_.PostAfter(1s, [&] {
    note_time();
    executor_.PostAfter(1s, note_time);
  });

  executor_.Advance(10s);

  EXPECT_THAT(times, ElementsAre(1s, 2s, 3s));
  EXPECT_EQ(clock_.Now() - start, 10s);
}

TEST_F(FakeExecutorTest, ForgetsCancelledTimers) {
  const TimerId timer = executor_.PostAfter(1s, Note(1));
  executor_.PostAfter(1s, Note(2));

  executor_.Cancel(timer);
  executor_.Cancel(timer);
  executor_.Cancel(4711);
  executor_.Advance(1s);

  EXPECT_THAT(ran_, ElementsAre(2));
}

TEST_F(FakeExecutorTest, LetsATaskCancelAnother) {
  const TimerId second = executor_.PostAfter(2s, Note(2));
  executor_.PostAfter(1s, [&] { executor_.Cancel(second); });

  executor_.Advance(5s);

  EXPECT_TRUE(ran_.empty());
}

TEST_F(FakeExecutorTest, TakesTasksFromManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 100;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      for (int task = 0; task < kTasks; ++task) executor_.Post(Note(task));
    });
  }
  for (std::thread& thread : threads) thread.join();

  executor_.RunUntilIdle();

  EXPECT_EQ(ran_.size(), static_cast<size_t>(kThreads * kTasks));
}

}  // namespace
}  // namespace foxfire
