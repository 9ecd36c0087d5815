// A thread of one's own, seen by those who hand it work.
#pragma once

#include <cstdint>
#include <functional>

#include "common/clock.h"

namespace foxfire {

using Task = std::function<void()>;
using TimerId = uint64_t;  // 0 is never a timer

// Runs tasks one after the other, in the order in which they fall due. Post, PostAt and Cancel are
// thread-safe; a task may call them.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Post(Task task) = 0;
  virtual TimerId PostAt(SteadyTime due, Task task) = 0;
  // No effect on one that has run, is running or was never made.
  virtual void Cancel(TimerId timer) = 0;
  virtual const Clock& clock() const = 0;

  TimerId PostAfter(Duration delay, Task task) {
    return PostAt(clock().Now() + delay, std::move(task));
  }
};

}  // namespace foxfire
