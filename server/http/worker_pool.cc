#include "server/http/worker_pool.h"

#include <exception>
#include <string>
#include <utility>

#include "common/log.h"
#include "common/task_thread.h"

namespace foxfire::server {
namespace {

// cpp-httplib catches what handlers throw, but not what its own parser throws.
void RunGuarded(const std::function<void()>& job) {
  try {
    job();
  } catch (const std::exception& error) {
    Log("http").error("a request failed reason=\"{}\"", error.what());
  }
}

}  // namespace

WorkerPool::WorkerPool(size_t threads, size_t queue_max) : queue_max_(queue_max) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, i] {
      NameThisThread("http-" + std::to_string(i));
      Run();
    });
  }
}

WorkerPool::~WorkerPool() { shutdown(); }

void WorkerPool::enqueue(std::function<void()> job) {
  MutexLock lock(mutex_);
  while (jobs_.size() >= queue_max_) changed_.Wait(mutex_);
  jobs_.push_back(std::move(job));
  changed_.NotifyAll();
}

void WorkerPool::shutdown() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::Run() {
  for (;;) {
    std::function<void()> job;
    {
      MutexLock lock(mutex_);
      while (jobs_.empty() && !stopping_) changed_.Wait(mutex_);
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      changed_.NotifyAll();
    }
    RunGuarded(job);
  }
}

}  // namespace foxfire::server
