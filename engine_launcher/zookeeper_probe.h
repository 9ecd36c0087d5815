// Questions to a ZooKeeper server on this machine, without a ZooKeeper client.
#pragma once

#include <cstdint>
#include <string>

#include "common/clock.h"
#include "common/result.h"

namespace foxfire::launcher {

// Answers the four-letter word `srvr`: true if a server is there and serves. Blocks for up to
// `timeout`. Thread-safe.
bool ZooKeeperServes(uint16_t port, Duration timeout);

// True if nobody listens on 127.0.0.1:port. Thread-safe.
bool IsPortFree(uint16_t port);

}  // namespace foxfire::launcher
