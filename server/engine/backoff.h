// How long to wait before something that has failed is tried again.
#pragma once

#include <algorithm>
#include <cstddef>

#include "common/clock.h"

namespace foxfire::server {

// `first` after the first failure in a row, twice as long after each further one, `longest` at most
// (but never less than `first`).
inline Duration PauseAfter(size_t failures, Duration first, Duration longest) {
  Duration pause = first;
  for (size_t i = 1; i < failures && pause < longest; ++i) pause *= 2;
  return std::min(pause, std::max(first, longest));
}

}  // namespace foxfire::server
