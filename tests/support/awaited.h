// Waiting for what other threads do: with a deadline, never by sleeping.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "common/clock.h"
#include "common/mutex.h"

namespace foxfire {

constexpr Duration kTestPatience = std::chrono::seconds(20);

// One value that another thread sets. Thread-safe; callbacks that may outlive the test share it.
template <typename T>
class AwaitedValue {
 public:
  static std::shared_ptr<AwaitedValue> Make() { return std::make_shared<AwaitedValue>(); }

  void Set(T value) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ++times_;
    if (!value_) value_ = std::move(value);
    changed_.NotifyAll();
  }
  // nullopt at the deadline.
  std::optional<T> Wait(Duration patience = kTestPatience) EXCLUDES(mutex_) {
    const SteadyTime deadline = std::chrono::steady_clock::now() + patience;
    MutexLock lock(mutex_);
    while (!value_) {
      if (!changed_.WaitUntil(mutex_, deadline)) break;
    }
    return value_;
  }
  // How often it was set.
  int times() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return times_;
  }

 private:
  mutable Mutex mutex_;
  ConditionVariable changed_;
  std::optional<T> value_ GUARDED_BY(mutex_);
  int times_ GUARDED_BY(mutex_) = 0;
};

// "Something may have changed: look again." Thread-safe.
class ChangeSignal {
 public:
  void Notify() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ++changes_;
    changed_.NotifyAll();
  }
  // Looks after each Notify(), and now and then, until `holds`; false at the deadline.
  template <typename Predicate>
  bool Await(Predicate holds, Duration patience = kTestPatience) EXCLUDES(mutex_) {
    const SteadyTime deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const int seen = changes();
      if (holds()) return true;
      const SteadyTime now = std::chrono::steady_clock::now();
      if (now >= deadline) return false;
      MutexLock lock(mutex_);
      if (changes_ == seen)
        changed_.WaitUntil(mutex_, std::min(deadline, now + std::chrono::milliseconds(5)));
    }
  }

 private:
  int changes() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return changes_;
  }

  Mutex mutex_;
  ConditionVariable changed_;
  int changes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace foxfire
