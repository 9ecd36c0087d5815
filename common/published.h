// One immutable value that some thread replaces and every thread reads.
#pragma once

#include <atomic>
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
  explicit Published(std::shared_ptr<const T> value) { Set(std::move(value)); }

  std::shared_ptr<const T> Get() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return value_;
  }
  // For what every call reads: takes no lock unless there is a newer value than at this thread's
  // last call, so that threads share neither a lock nor a reference count. Not null. Stays until
  // the thread calls this again, for any Published of the same type.
  const T& Current() const EXCLUDES(mutex_) {
    // What is kept cannot be freed, hence no other value can have its address.
    thread_local std::shared_ptr<const T> kept;
    if (kept.get() != newest_.load(std::memory_order_acquire)) kept = Get();
    return *kept;
  }
  void Set(std::shared_ptr<const T> value) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    newest_.store(value.get(), std::memory_order_release);
    value_.swap(value);  // the old one is freed after the lock is released, by `value`
  }

 private:
  std::atomic<const T*> newest_{nullptr};  // what value_ holds, for comparison only
  mutable Mutex mutex_;
  std::shared_ptr<const T> value_ GUARDED_BY(mutex_);
};

}  // namespace foxfire
