// A clock that tests move by hand.
#pragma once

#include <atomic>

#include "common/clock.h"

namespace foxfire {

// Stands still until Advance(). Starts at steady time 1000 h (so that "long ago" can be subtracted)
// and at 2026-01-01T00:00:00Z. Thread-safe.
class FakeClock final : public Clock {
 public:
  SteadyTime Now() const override { return SteadyTime(std::chrono::hours(1000)) + passed_.load(); }
  WallTime WallNow() const override {
    return WallTime(std::chrono::seconds(1'767'225'600)) +
           std::chrono::duration_cast<WallTime::duration>(passed_.load());
  }

  void Advance(Duration duration) { passed_ = passed_.load() + duration; }

 private:
  std::atomic<Duration> passed_{Duration::zero()};
};

}  // namespace foxfire
