// What happens to a running fake engine, handed from other threads to its main one.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "common/mutex.h"

namespace foxfire::fake {

struct Event {
  enum class Kind { kConnected, kDisconnected, kExpired, kNodeChanged, kTerminate };
  Kind kind;
  std::string path;  // of the node
};

// Thread-safe.
class EventQueue {
 public:
  void Push(Event event) {
    MutexLock lock(mutex_);
    events_.push_back(std::move(event));
    pushed_.NotifyOne();
  }
  // nullopt: none until `deadline`.
  std::optional<Event> Pop(std::chrono::steady_clock::time_point deadline) {
    MutexLock lock(mutex_);
    while (events_.empty()) {
      if (!pushed_.WaitUntil(mutex_, deadline) && events_.empty()) return std::nullopt;
    }
    Event event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

 private:
  Mutex mutex_;
  ConditionVariable pushed_;
  std::deque<Event> events_ GUARDED_BY(mutex_);
};

}  // namespace foxfire::fake
