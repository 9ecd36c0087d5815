// An answer that one thread waits for and another gives.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "common/clock.h"
#include "common/mutex.h"

namespace foxfire::launcher {

// Shared by both sides, because the waiting one may give up first. Thread-safe.
template <typename T>
class Awaited {
 public:
  static std::shared_ptr<Awaited> Make() { return std::make_shared<Awaited>(); }

  // The first answer counts.
  void Set(T value) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!value_) value_ = std::move(value);
    given_.NotifyAll();
  }

  // nullopt: none within `timeout`.
  std::optional<T> Wait(Duration timeout) EXCLUDES(mutex_) {
    const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
    MutexLock lock(mutex_);
    while (!value_) {
      if (!given_.WaitUntil(mutex_, deadline) && !value_) return std::nullopt;
    }
    return value_;
  }

 private:
  Mutex mutex_;
  ConditionVariable given_;
  std::optional<T> value_ GUARDED_BY(mutex_);
};

}  // namespace foxfire::launcher
