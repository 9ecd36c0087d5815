// One loop's connections to engines, and what becomes of calls when one breaks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/result.h"
#include "server/engine/engine_status.h"
#include "server/http2/engine_connection.h"
#include "server/http2/loop_parts.h"

namespace foxfire::server::http2 {

// A connection that breaks says nothing about its engine: one more connection attempt does.
// Refused: the engine is dead, its calls hear SESSION_CHANGED and the broker is told. Accepted: it
// lives, the calls hear UNAVAILABLE and their clients come back. Confined to one loop.
class EngineLinks {
 public:
  explicit EngineLinks(LoopParts& parts);
  ~EngineLinks();

  // A connection for one more call; calls with the same `spread` modulo the number of links share
  // one. FAILED_PRECONDITION: its address is none. UNAVAILABLE: there are no sockets left.
  Result<EngineConnection*> Get(const LiveEngine& engine, uint64_t spread);

 private:
  struct Links {
    LiveEngine engine;
    std::vector<EngineConnection*> connections;  // that take calls; nullptr: none yet
    std::unordered_set<EngineConnection*> open;  // these, the probe, and those that only finish
    std::vector<uint64_t> orphans;  // calls whose connection broke, while the engine is probed
    EngineConnection* probe = nullptr;
    int probes = 0;  // since the last one that was answered
  };

  Result<EngineConnection*> Connect(Links& links);
  void Reported(const EngineId& id, EngineConnection& connection, EngineConnection::Report report,
                const std::string& why);
  void Probe(Links& links);
  void Probed(Links& links, EngineConnection& probe, EngineConnection::Report report,
              const std::string& why);
  void Judge(Links& links, EngineLoss loss);
  void Dead(Links& links, const std::string& why);
  void Tell(const std::vector<uint64_t>& calls, EngineLoss loss);
  static std::vector<uint64_t> Orphan(EngineConnection& connection);

  LoopParts& parts_;
  bool stopping_ = false;
  std::unordered_map<EngineId, std::unique_ptr<Links>> engines_;
};

}  // namespace foxfire::server::http2
