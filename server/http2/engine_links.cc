#include "server/http2/engine_links.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/log.h"
#include "server/http2/call_table.h"
#include "server/http2/socket_address.h"

namespace foxfire::server::http2 {
namespace {

constexpr int kMostProbes = 20;  // each ends within moments, or the engine counts as unreachable

}  // namespace

EngineLinks::EngineLinks(LoopParts& parts) : parts_(parts) {}

EngineLinks::~EngineLinks() {
  stopping_ = true;
  for (auto& [id, links] : engines_) {
    const std::unordered_set<EngineConnection*> open = links->open;  // each leaves it as it closes
    for (EngineConnection* connection : open) connection->Close("the gateway stops");
  }
}

Result<EngineConnection*> EngineLinks::Get(const LiveEngine& engine, uint64_t spread) {
  std::unique_ptr<Links>& links = engines_[engine.id];
  if (links == nullptr) {
    links = std::make_unique<Links>();
    links->engine = engine;
    links->connections.resize(parts_.options.links);
  }
  if (links->engine.host != engine.host || links->engine.port != engine.port)
    links->engine = engine;
  EngineConnection*& link = links->connections[spread % links->connections.size()];
  // One that takes no more calls ends with its last one.
  if (link == nullptr || !link->TakesCalls()) {
    Result<EngineConnection*> made = Connect(*links);
    if (!made) {
      // Without a free socket the other connections carry its calls.
      for (EngineConnection* const other : links->connections) {
        if (other != nullptr && other->TakesCalls()) return other;
      }
      return made;
    }
    link = *made;
  }
  return link;
}

Result<EngineConnection*> EngineLinks::Connect(Links& links) {
  const auto address = ParseSocketAddress(links.engine.host, links.engine.port);
  if (!address) {
    Error error{Code::kFailedPrecondition,
                fmt::format("engine {} is registered at \"{}\", which is no IP address: set "
                            "engine.advertise_host to one",
                            links.engine.id.str(), links.engine.host)};
    Log("http2").error("{}", error.message);
    return tl::unexpected(std::move(error));
  }
  EngineConnection* const connection = EngineConnection::Start(
      parts_, address->get(), address->size,
      [this, id = links.engine.id](EngineConnection& from, EngineConnection::Report report,
                                   const std::string& why) { Reported(id, from, report, why); });
  if (connection == nullptr)
    return MakeError(Code::kUnavailable, "the gateway has no sockets left");
  links.open.insert(connection);
  return connection;
}

void EngineLinks::Reported(const EngineId& id, EngineConnection& connection,
                           EngineConnection::Report report, const std::string& why) {
  Links& links = *engines_.at(id);
  using Report = EngineConnection::Report;
  if (report != Report::kConnected) {
    links.open.erase(&connection);
    for (EngineConnection*& link : links.connections) {
      if (link == &connection) link = nullptr;
    }
  }
  if (&connection == links.probe) return Probed(links, connection, report, why);
  switch (report) {
    case Report::kConnected:
      return;
    case Report::kRefused:
      for (const uint64_t call : Orphan(connection)) links.orphans.push_back(call);
      return Dead(links, why);
    case Report::kUnreachable:
      return Tell(Orphan(connection), EngineLoss::kUnreachable);
    case Report::kBroken:
      for (const uint64_t call : Orphan(connection)) links.orphans.push_back(call);
      if (!links.orphans.empty() && links.probe == nullptr) Probe(links);
      return;
  }
}

void EngineLinks::Probe(Links& links) {
  const Result<EngineConnection*> probe = stopping_ ? nullptr : Connect(links);
  if (!probe || *probe == nullptr) return Judge(links, EngineLoss::kUnreachable);
  ++links.probes;
  links.probe = *probe;
}

void EngineLinks::Probed(Links& links, EngineConnection& probe, EngineConnection::Report report,
                         const std::string& why) {
  using Report = EngineConnection::Report;
  links.probe = nullptr;
  switch (report) {
    case Report::kConnected: {
      // It has answered the question. As it is there, it may as well carry calls.
      const auto free = std::find(links.connections.begin(), links.connections.end(), nullptr);
      const bool is_needed = free != links.connections.end();
      if (is_needed) *free = &probe;
      Judge(links, EngineLoss::kBroken);
      if (!is_needed) probe.Close("the engine lives, and has its connections");
      return;
    }
    case Report::kRefused:
      return Dead(links, why);
    case Report::kBroken:
      // Accepted and hung up on: a process on its way out. The next attempt tells more.
      if (links.probes < kMostProbes) return Probe(links);
      [[fallthrough]];
    case Report::kUnreachable:
      return Judge(links, EngineLoss::kUnreachable);
  }
}

void EngineLinks::Judge(Links& links, EngineLoss loss) {
  std::vector<uint64_t> orphans;
  orphans.swap(links.orphans);
  links.probes = 0;
  Tell(orphans, loss);
}

void EngineLinks::Dead(Links& links, const std::string& why) {
  const EngineId id = links.engine.id;
  Log("http2").warn("engine {} does not listen at {} any more: {}", id.str(),
                    links.engine.Endpoint(), why);
  // Before its calls hear of it: those that are routed again must not meet it once more.
  parts_.service.EngineIsDead(id, "its port refuses connections");
  Judge(links, EngineLoss::kDead);
}

// Takes the calls off a connection that has just died.
std::vector<uint64_t> EngineLinks::Orphan(EngineConnection& connection) {
  std::vector<uint64_t> calls;
  while (ProxiedCall* const call = connection.TakeFirstCall()) calls.push_back(call->id());
  return calls;
}

void EngineLinks::Tell(const std::vector<uint64_t>& calls, EngineLoss loss) {
  for (const uint64_t id : calls) {
    ProxiedCall* const call = parts_.calls.Find(id);
    if (call == nullptr) continue;
    call->EngineLost(loss);
    if (!call->HasStreams()) parts_.calls.Remove(*call);
  }
}

}  // namespace foxfire::server::http2
