// Every metric of the data plane.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/metrics.h"
#include "server/limit_refusals.h"

namespace foxfire::server::http2 {

// Thread-safe.
struct Http2Stats {
  explicit Http2Stats(Metrics& metrics)
      : client_connections(metrics.AddGauge("foxfire_http2_client_connections", "Open now.")),
        engine_connections(metrics.AddGauge("foxfire_http2_engine_connections", "Open now.")),
        accepted(metrics.AddCounter("foxfire_http2_accepted_total", "Connections accepted.")),
        over_connections(LimitRefusals(metrics, "limits.connections")),
        over_header_bytes(LimitRefusals(metrics, "limits.header_bytes")),
        over_message_bytes(LimitRefusals(metrics, "limits.message_bytes")),
        over_held_bytes(LimitRefusals(metrics, "limits.held_bytes")),
        plaintext_on_tls(Mismatch(metrics, "plaintext_on_tls")),
        tls_on_plaintext(Mismatch(metrics, "tls_on_plaintext")),
        http1(Mismatch(metrics, "http1")),
        garbage(Mismatch(metrics, "garbage")),
        floods(
            metrics.AddCounter("foxfire_http2_floods_total",
                               "Connections closed for resets, headers or answers without end.")),
        held(metrics.AddGauge("foxfire_http2_held_bytes",
                              "Request bytes that wait for a decision or an engine.")) {}

  Gauge& client_connections;
  Gauge& engine_connections;
  Counter& accepted;
  Counter& over_connections;
  Counter& over_header_bytes;
  Counter& over_message_bytes;
  Counter& over_held_bytes;
  Counter& plaintext_on_tls;
  Counter& tls_on_plaintext;
  Counter& http1;
  Counter& garbage;
  Counter& floods;
  Gauge& held;

  std::atomic<size_t> open_connections{0};
  std::atomic<uint64_t> held_bytes{0};

 private:
  static Counter& Mismatch(Metrics& metrics, const char* kind) {
    return metrics.AddCounter("foxfire_http2_wrong_protocol_total",
                              "Connections that do not speak what the port speaks.",
                              {{"kind", kind}});
  }
};

}  // namespace foxfire::server::http2
