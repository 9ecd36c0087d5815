// What is written down of callers who were refused: enough to see who and why, bounded in what a
// flood of them can cost.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "common/mutex.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// Anybody can be refused as often as they like, so that events of their own for each would push out
// everybody else's. Of one host and reason the first kEachMinute of a minute are written down, the
// others counted; the count is written with the first one after that minute. Metrics count them
// all. Thread-safe.
class RefusalLog {
 public:
  static constexpr size_t kEachMinute = 30;
  static constexpr size_t kHosts = 1000;  // kept apart; the others count as one

  // Both must outlive this.
  RefusalLog(EventStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  // `address`: host:port. `where`: added to the event's detail, for example " (admin API)".
  void Write(std::string_view reason, const std::string& address, std::string_view where = "");

 private:
  struct Minute {
    SteadyTime began;
    size_t count = 0;
  };
  using Key = std::pair<std::string, std::string>;  // host, reason

  // How many were left out before this one; nullopt: this one is left out too.
  std::optional<size_t> Admit(std::string_view reason, const std::string& address) EXCLUDES(mutex_);

  EventStore& store_;
  const Clock& clock_;
  Mutex mutex_;
  std::map<Key, Minute> minutes_ GUARDED_BY(mutex_);
};

}  // namespace foxfire::server
