// What another thread answers, for a handler that may stop waiting before it does.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "common/mutex.h"
#include "common/result.h"
#include "server/admin/caller.h"

namespace foxfire::server {

// Shared by both sides (shared_ptr). Thread-safe.
template <typename T>
class PendingAnswer {
 public:
  void Set(T value) {
    MutexLock lock(mutex_);
    value_ = std::move(value);
    answered_.NotifyAll();
  }

  // What has been answered by now.
  std::optional<T> Peek() const {
    MutexLock lock(mutex_);
    return value_;
  }

  // CANCELLED: the caller has left; DEADLINE_EXCEEDED with `late` as its message.
  Result<T> Await(const CallLimits& limits, const std::string& late) {
    constexpr Duration kCancelCheck = std::chrono::milliseconds(100);
    MutexLock lock(mutex_);
    while (!value_) {
      const SteadyTime now = std::chrono::steady_clock::now();
      if (now >= limits.deadline) return MakeError(Code::kDeadlineExceeded, late);
      if (limits.is_cancelled && limits.is_cancelled()) {
        return MakeError(Code::kCancelled, "the caller has left");
      }
      answered_.WaitUntil(mutex_, std::min(limits.deadline, now + kCancelCheck));
    }
    return *value_;
  }

 private:
  mutable Mutex mutex_;
  ConditionVariable answered_;
  std::optional<T> value_ GUARDED_BY(mutex_);
};

}  // namespace foxfire::server
