// Every metric about the store.
#pragma once

#include "common/metrics.h"

namespace foxfire::server {

// Thread-safe.
struct StoreStats {
  explicit StoreStats(Metrics& metrics)
      : queued(metrics.AddGauge("foxfire_store_queued_records",
                                "Records that wait for the disk (at most store.queue).")),
        written(metrics.AddCounter("foxfire_store_written_total", "Records written.")),
        dropped(metrics.AddCounter("foxfire_store_dropped_total",
                                   "Records lost because the queue was full.")),
        write_errors(metrics.AddCounter("foxfire_store_write_errors_total",
                                        "Transactions that failed; they are tried again.")),
        batch_seconds(metrics.AddHistogram("foxfire_store_batch_seconds",
                                           "Time to write one transaction.",
                                           {0.0001, 0.001, 0.01, 0.1, 1, 10})) {}

  Gauge& queued;
  Counter& written;
  Counter& dropped;
  Counter& write_errors;
  Histogram& batch_seconds;
};

}  // namespace foxfire::server
