// std::mutex with clang's thread-safety annotations. (Not absl::Mutex: Debian's library is not
// built for ThreadSanitizer, which then reports races that are none.)
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define FOXFIRE_TSA(x) __attribute__((x))
#else
#define FOXFIRE_TSA(x)
#endif

#ifndef GUARDED_BY  // gRPC's headers bring absl's, which says the same
#define GUARDED_BY(x) FOXFIRE_TSA(guarded_by(x))
#endif
#define REQUIRES(...) FOXFIRE_TSA(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) FOXFIRE_TSA(locks_excluded(__VA_ARGS__))

namespace foxfire {

class FOXFIRE_TSA(capability("mutex")) Mutex {
 public:
  void Lock() FOXFIRE_TSA(acquire_capability()) { mutex_.lock(); }
  void Unlock() FOXFIRE_TSA(release_capability()) { mutex_.unlock(); }

 private:
  friend class ConditionVariable;
  std::mutex mutex_;
};

class FOXFIRE_TSA(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) FOXFIRE_TSA(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() FOXFIRE_TSA(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits with a foxfire::Mutex; the caller tests its condition in a loop.
class ConditionVariable {
 public:
  void Wait(Mutex& mutex) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // False if `deadline` came first.
  bool WaitUntil(Mutex& mutex, std::chrono::steady_clock::time_point deadline) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool woken = condition_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return woken;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace foxfire
