// What limits refused, one counter for each key of the configuration that sets one.
#pragma once

#include <string>

#include "common/metrics.h"

namespace foxfire::server {

// `key`: "limits.held_calls".
inline Counter& LimitRefusals(Metrics& metrics, const std::string& key) {
  return metrics.AddCounter("foxfire_limit_refusals_total",
                            "Calls and connections refused for a limit, by its key.",
                            {{"limit", key}});
}

}  // namespace foxfire::server
