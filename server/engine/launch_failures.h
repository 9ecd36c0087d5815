// Launches that have failed: what callers of the key hear for a while instead of another try.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "common/clock.h"
#include "common/engine_key.h"
#include "common/result.h"

namespace foxfire::server {

// What admin commands see of it. A value type.
struct LaunchFailure {
  EngineKey key;
  Error error;
  size_t count = 0;  // in a row
  WallTime last;
  WallTime retry_at;  // until then callers get the same answer
};

// The pause doubles with each failure in a row. Thread-compatible.
class LaunchFailures {
 public:
  // The pause after the first failure, and the longest one.
  LaunchFailures(Duration first_pause, Duration longest_pause)
      : first_pause_(first_pause), longest_pause_(longest_pause) {}

  // nullptr: the key may be tried (again).
  const Error* Current(const EngineKey& key, SteadyTime now) const;
  void Add(const EngineKey& key, Error error, const Clock& clock);
  void Clear(const EngineKey& key) { failures_.erase(key); }
  // Those of the last minutes that have not been mended since, oldest first.
  std::vector<LaunchFailure> List(SteadyTime now) const;

 private:
  struct Entry {
    LaunchFailure failure;
    SteadyTime until;
    SteadyTime forget_at;
  };

  const Duration first_pause_;
  const Duration longest_pause_;
  std::map<EngineKey, Entry> failures_;
};

}  // namespace foxfire::server
