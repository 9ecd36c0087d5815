// Metrics for Prometheus. Each subsystem lists its own in a …_stats.h; this is the registry behind
// them. Names: foxfire_<subsystem>_<noun>_<unit or total>.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/mutex.h"

namespace foxfire {

using Counter = prometheus::Counter;
using Gauge = prometheus::Gauge;
using Histogram = prometheus::Histogram;
using Labels = std::map<std::string, std::string>;

// Hands out metrics that live as long as it does; asking again for the same name and labels gives
// the same one. Making takes a lock, so keep the reference; counting is lock-free. Thread-safe.
class Metrics {
 public:
  Counter& AddCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& AddGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // `bounds` ascending, in the unit of the name.
  Histogram& AddHistogram(const std::string& name, const std::string& help,
                          const std::vector<double>& bounds, const Labels& labels = {});

  // Called before each Render, for values that are cheaper to ask for than to keep.
  void OnRender(std::function<void()> refresh);

  // The Prometheus text format, version 0.0.4.
  std::string Render();

 private:
  prometheus::Registry registry_;  // provides its own synchronization
  Mutex mutex_;
  std::vector<std::function<void()>> refreshers_ GUARDED_BY(mutex_);
};

}  // namespace foxfire
