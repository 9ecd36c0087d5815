// What discovery counts.
#pragma once

#include "common/metrics.h"

namespace foxfire::discovery {

// References into the registry, which must outlive this. Thread-safe.
struct DiscoveryStats {
  explicit DiscoveryStats(Metrics& metrics)
      : connected(metrics.AddGauge("foxfire_discovery_connected",
                                   "1 while there is a connection to ZooKeeper.")),
        stale(metrics.AddGauge("foxfire_discovery_view_stale",
                               "1 while calls are answered from an earlier view of the engines.")),
        engines(metrics.AddGauge("foxfire_discovery_view_engines", "Registered engines.")),
        broken_nodes(metrics.AddGauge("foxfire_discovery_broken_nodes",
                                      "Nodes below engines/ that cannot be understood.")),
        session_expiries(metrics.AddCounter("foxfire_discovery_session_expiries_total",
                                            "ZooKeeper sessions of this gateway that expired.")),
        reconnects(metrics.AddCounter("foxfire_discovery_reconnects_total",
                                      "Connections to ZooKeeper after the first one.")),
        operation_errors(metrics.AddCounter("foxfire_discovery_operation_errors_total",
                                            "Directory operations that ended with an error.")) {}

  Gauge& connected;
  Gauge& stale;
  Gauge& engines;
  Gauge& broken_nodes;
  Counter& session_expiries;
  Counter& reconnects;
  Counter& operation_errors;
};

}  // namespace foxfire::discovery
