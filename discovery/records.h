// What the nodes hold: JSON objects with "schema": 1 (docs/zookeeper.md). Keys that are not known
// are ignored. A node may have been written by anybody, so reading one fails with INVALID_ARGUMENT
// that says what is wrong and how to mend it; AtNode() adds which node it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/result.h"
#include "discovery/engine_directory.h"

namespace foxfire::discovery {

// <root>/gateways/<gateway id>. A value type.
struct GatewayRecord {
  GatewayId id;
  std::string host_name;
  int64_t pid = 0;
  std::string address;  // where clients reach it: "host:port"
  std::string version;
  WallTime started_at;

  bool operator==(const GatewayRecord&) const = default;
};

// <root>/launches/<engine key>: who launches, for operators; the lock is the node itself. A value
// type.
struct LaunchRecord {
  GatewayId gateway;
  WallTime started_at;

  bool operator==(const LaunchRecord&) const = default;
};

// "host:port"; an IPv6 address stands in brackets. A value type.
struct Endpoint {
  std::string host;  // without brackets
  uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;
};
Result<Endpoint> ParseEndpoint(std::string_view text);
std::string FormatEndpoint(const Endpoint& endpoint);

// "ZooKeeper node <path>: " in front of the message.
tl::unexpected<Error> AtNode(Error error, std::string_view path);

std::string ToJson(const EngineRecord& record);
std::string ToJson(const SessionBinding& binding);
std::string ToJson(const ControlCommand& command);
std::string ToJson(const GatewayRecord& record);
std::string ToJson(const LaunchRecord& record);

// Key, id, user and session come from the node's path.
Result<EngineRecord> ParseEngineRecord(const EngineKey& key, const EngineId& id,
                                       std::string_view data);
Result<SessionBinding> ParseSessionBinding(const UserId& user, const SessionId& session,
                                           std::string_view data);
Result<ControlCommand> ParseControlCommand(std::string_view data);
Result<GatewayRecord> ParseGatewayRecord(std::string_view data);
Result<LaunchRecord> ParseLaunchRecord(std::string_view data);

}  // namespace foxfire::discovery
