// The NodeClient on ZooKeeper's own C client.
#pragma once

#include <memory>
#include <string>

#include "common/clock.h"
#include "common/executor.h"
#include "common/result.h"
#include "common/secret.h"
#include "discovery/node_client.h"

namespace foxfire::discovery {

// A value type.
struct ZooKeeperClientOptions {
  std::string connect;  // "host:port[,host:port…]"
  Duration session_timeout = std::chrono::seconds(30);
  Secret digest;  // "user:password"; empty: none, and nodes are open to everybody
};

// INVALID_ARGUMENT names the configuration's key.
Result<void> CheckOptions(const ZooKeeperClientOptions& options);

// `options` must have passed CheckOptions. A session that expires is followed by a new one, a host
// name that cannot be resolved is tried again. `executor` must outlive the client and must not run
// its tasks any more once the client is destroyed. The C client's completion thread ("zk") copies
// and posts, nothing else.
std::unique_ptr<NodeClient> MakeZooKeeperClient(ZooKeeperClientOptions options, Executor& executor);

}  // namespace foxfire::discovery
