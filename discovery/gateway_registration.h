// This gateway's own node.
#pragma once

#include <string>

#include "common/executor.h"
#include "discovery/node_client.h"
#include "discovery/node_layout.h"
#include "discovery/records.h"

namespace foxfire::discovery {

// Keeps gateways/<gateway id> there as an ephemeral node: makes it again when the session has
// expired or somebody has deleted it, and waits until one of an earlier session of this gateway is
// gone. Confined to the client's thread.
class GatewayRegistration {
 public:
  // All borrowed, must outlive this.
  GatewayRegistration(NodeClient& client, const NodeLayout& layout, Executor& executor,
                      const GatewayRecord& record);

  // There is a connection, and gateways/ exists.
  void Connected();
  void Disconnected();
  void HandleEvent(NodeEvent event, const std::string& path);
  void Stop();

 private:
  void Register();
  void Watch();
  void Failed(const Error& error);

  NodeClient& client_;
  Executor& executor_;
  const std::string path_;
  const std::string data_;

  bool connected_ = false;
  int64_t registered_ = 0;  // the session whose node it is
  TimerId retry_ = 0;
};

}  // namespace foxfire::discovery
