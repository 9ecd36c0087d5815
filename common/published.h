// One immutable value that some thread replaces and every thread reads.
#pragma once

#include <memory>
#include <utility>

#include "common/mutex.h"

namespace foxfire {

// Readers get the newest value and keep it for as long as they like; the lock covers only the copy
// of a pointer. (std::atomic<std::shared_ptr> of GCC 12 is a spin lock that ThreadSanitizer cannot
// see through.) Thread-safe.
template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  std::shared_ptr<const T> Get() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return value_;
  }
  void Set(std::shared_ptr<const T> value) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    value_.swap(value);  // the old one is freed after the lock is released, by `value`
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> value_ GUARDED_BY(mutex_);
};

}  // namespace foxfire
