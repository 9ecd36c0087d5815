// The threads that serve HTTP requests. Private to this folder.
#pragma once

#include <httplib.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "common/mutex.h"

namespace foxfire::server {

// A fixed number of threads and a queue with an end: when it is full, accepting waits, and further
// connections wait in the kernel. Thread-safe.
class WorkerPool final : public httplib::TaskQueue {
 public:
  WorkerPool(size_t threads, size_t queue_max);
  ~WorkerPool() override;

  void enqueue(std::function<void()> job) override;
  // Finishes what is queued, then joins.
  void shutdown() override;

 private:
  void Run();

  const size_t queue_max_;
  Mutex mutex_;
  ConditionVariable changed_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::deque<std::function<void()>> jobs_ GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;  // last: they use all of the above
};

}  // namespace foxfire::server
