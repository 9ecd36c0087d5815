// Every metric about calls.
#pragma once

#include <array>
#include <string>

#include "auth/token_verifier.h"
#include "common/metrics.h"
#include "common/result.h"
#include "server/limit_refusals.h"

namespace foxfire::server {

// Thread-safe.
struct CallStats {
  explicit CallStats(Metrics& metrics)
      : open(metrics.AddGauge("foxfire_calls_open", "Admitted calls that have not ended.")),
        over_user_limit(LimitRefusals(metrics, "limits.calls_per_user")),
        over_user_operations(LimitRefusals(metrics, "limits.operations_per_user")),
        seconds(
            metrics.AddHistogram("foxfire_call_seconds", "From the headers to the end of a call.",
                                 {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300})) {
    for (size_t code = 0; code < ended.size(); ++code) {
      ended[code] = &metrics.AddCounter("foxfire_calls_total", "Calls by the code they ended with.",
                                        {{"code", std::string(CodeName(static_cast<Code>(code)))}});
    }
  }

  void CountEnd(Code code) {
    const auto index = static_cast<size_t>(code);
    ended[index < ended.size() ? index : static_cast<size_t>(Code::kUnknown)]->Increment();
  }

  Gauge& open;
  Counter& over_user_limit;
  Counter& over_user_operations;
  Histogram& seconds;
  std::array<Counter*, 17> ended{};
};

}  // namespace foxfire::server
