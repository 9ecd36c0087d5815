// What the data plane is told by config.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/clock.h"

namespace foxfire::server::http2 {

struct DataPlaneOptions {
  size_t loops = 1;

  // Flow control. A stream may hold a window of bytes here, a wide one once it has shown that its
  // receiver keeps up (docs/performance.md says where the numbers come from). The first message
  // has to fit as far as it is read before its call is routed: RequestRewriter::kDecideAfter.
  uint32_t stream_window = 1U << 20;
  uint32_t wide_window = 4U << 20;
  // One read; the largest frame made; what may wait for a socket before frames stay in streams.
  uint32_t piece = 512U << 10;
  // Connections from each loop to each engine.
  size_t links = 2;
  // Of each of them; odd. Tests begin where stream ids end (RFC 9113 section 5.1.1).
  int32_t first_engine_stream = 1;

  // Limits, with their config keys.
  size_t connections = 10000;              // limits.connections
  uint32_t streams_per_connection = 1000;  // limits.streams_per_connection
  uint32_t header_bytes = 64U << 10;       // limits.header_bytes
  uint32_t message_bytes = 128U << 20;     // limits.message_bytes
  uint64_t held_bytes = 256U << 20;        // limits.held_bytes
  uint32_t resets_per_second = 100;        // limits.resets_per_second, of one connection
  Duration first_message_timeout = std::chrono::seconds(30);  // limits.first_message_timeout

  // Headers that lead to an engine, in lower case; empty: none. routing.header_team,
  // routing.header_environment
  std::string team_header = "x-team";
  std::string environment_header = "x-environment";

  Duration connect_timeout = std::chrono::seconds(5);    // to an engine
  Duration greeting_timeout = std::chrono::seconds(10);  // from accept to the HTTP/2 preface
};

}  // namespace foxfire::server::http2
