// The C client's own log lines.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/mutex.h"

namespace foxfire::discovery {

// Passes lines of the form "<time>:<pid>(<thread>):ZOO_WARN@<function>@<line>: <text>" on to our
// log. While a server is away the same few lines come with every attempt to reach it, so what was
// said from the same place within the last minute is for debugging only. Thread-safe.
class ZooKeeperClientLog {
 public:
  // `clock` must outlive this.
  explicit ZooKeeperClientLog(const Clock& clock) : clock_(clock) {}

  void Write(const char* line) EXCLUDES(mutex_);

 private:
  bool SpokeWithinAMinute(std::string_view place) EXCLUDES(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  // As many as the C client has log statements.
  std::map<std::string, SteadyTime> last_by_place_ GUARDED_BY(mutex_);
};

}  // namespace foxfire::discovery
