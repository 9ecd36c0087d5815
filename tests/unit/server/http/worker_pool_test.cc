#include "server/http/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

namespace foxfire::server {
namespace {

TEST(WorkerPoolTest, RunsWhatManyThreadsQueue) {
  std::atomic<int> done = 0;
  WorkerPool pool(3, 2);

  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) pool.enqueue([&] { ++done; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  pool.shutdown();

  EXPECT_EQ(done, 400);
}

TEST(WorkerPoolTest, AJobThatThrowsHarmsNoOther) {
  std::atomic<int> done = 0;
  WorkerPool pool(1, 8);

  pool.enqueue([] { throw std::runtime_error("bad"); });
  pool.enqueue([&] { ++done; });
  pool.shutdown();

  EXPECT_EQ(done, 1);
}

TEST(WorkerPoolTest, AFullQueueMakesTheCallerWait) {
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  std::promise<void> started;
  std::atomic<bool> third_is_queued = false;
  WorkerPool pool(1, 1);
  pool.enqueue([&] {
    started.set_value();
    open.wait();
  });
  started.get_future().wait();
  pool.enqueue([] {});

  std::thread caller([&] {
    pool.enqueue([] {});
    third_is_queued = true;
  });
  EXPECT_FALSE(third_is_queued);
  gate.set_value();
  caller.join();

  EXPECT_TRUE(third_is_queued);
}

}  // namespace
}  // namespace foxfire::server
