// What the parts of one loop share.
#pragma once

#include "server/call/call_service.h"
#include "server/http2/block.h"
#include "server/http2/data_plane_options.h"
#include "server/http2/event_loop.h"
#include "server/http2/http2_stats.h"
#include "server/http2/recent_calls.h"
#include "server/http2/turn.h"

namespace foxfire::server::http2 {

class CallTable;
class ClientConnection;
class EngineLinks;

// All borrowed; the loop worker owns those of one loop, the data plane the others.
struct LoopParts {
  const DataPlaneOptions& options;
  CallService& service;  // thread-safe
  Http2Stats& stats;     // thread-safe
  EventLoop& loop;
  LoopMemory& memory;
  Turn& turn;
  CallTable& calls;
  RecentCalls& recent;
  EngineLinks* links;          // made after the rest of the loop, before its first turn
  ClientConnection*& clients;  // the first of the loop's client connections
  Task when_no_clients;        // runs once, when the last of them is gone
};

}  // namespace foxfire::server::http2
