// What has happened to the fake engine so far, for tests to ask by /fake.Engine/Counters.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "common/json.h"
#include "common/mutex.h"

namespace foxfire::fake {

// Thread-safe.
class Counters {
 public:
  void CallBegan(const std::string& method);
  void CallEnded(const std::string& method, bool cancelled);
  void MessageRead(const std::string& method, size_t bytes);
  // The transport has taken it: flow control let it through.
  void MessageSent(const std::string& method, size_t bytes);
  void Refused();
  void SessionSeen(const std::string& user, const std::string& session_id);
  void SessionReleased(const std::string& user, const std::string& session_id);

  // How long no call has been open.
  std::chrono::steady_clock::duration IdleFor() const;
  // False if calls were still open at the deadline.
  bool AwaitNoCalls(std::chrono::steady_clock::time_point deadline);
  // The same for sessions that have not been released.
  bool AwaitNoSessions(std::chrono::steady_clock::time_point deadline);

  // {"methods": {method: {"calls", "open", "cancelled", "read", "bytes_read", "sent",
  // "bytes_sent"}}, "refused", "sessions"}
  Json ToJson() const;

 private:
  struct Method {
    int64_t calls = 0;
    int64_t open = 0;
    int64_t cancelled = 0;
    int64_t read = 0;
    int64_t bytes_read = 0;
    int64_t sent = 0;
    int64_t bytes_sent = 0;
  };
  int64_t OpenCalls() const REQUIRES(mutex_);

  mutable Mutex mutex_;
  ConditionVariable changed_;
  std::map<std::string, Method> methods_ GUARDED_BY(mutex_);
  std::set<std::string> sessions_ GUARDED_BY(mutex_);
  int64_t refused_ GUARDED_BY(mutex_) = 0;
  std::chrono::steady_clock::time_point last_end_ GUARDED_BY(mutex_) =
      std::chrono::steady_clock::now();
};

}  // namespace foxfire::fake
