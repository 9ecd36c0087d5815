// Time as an argument: what waits or expires takes a Clock, so that tests move time by hand.
#pragma once

#include <chrono>

namespace foxfire {

using Duration = std::chrono::nanoseconds;
using SteadyTime = std::chrono::steady_clock::time_point;  // for deadlines and ages
using WallTime = std::chrono::system_clock::time_point;  // for what people and other machines read

class Clock {
 public:
  virtual ~Clock() = default;
  // Both are thread-safe.
  virtual SteadyTime Now() const = 0;
  virtual WallTime WallNow() const = 0;
};

// The machine's clocks. Thread-safe.
class SystemClock final : public Clock {
 public:
  SteadyTime Now() const override { return std::chrono::steady_clock::now(); }
  WallTime WallNow() const override { return std::chrono::system_clock::now(); }
};

}  // namespace foxfire
