// The calls of one loop.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "server/http2/proxied_call.h"

namespace foxfire::server::http2 {

// Owns them. An answer that comes from another thread names its call by id, for the call may be
// over by then. Confined to one loop.
class CallTable {
 public:
  ProxiedCall& Add(LoopParts& parts) {
    const uint64_t id = next_++;
    auto call = std::make_unique<ProxiedCall>(parts, id);
    ProxiedCall& added = *call;
    calls_.emplace(id, std::move(call));
    return added;
  }
  // nullptr: it is over.
  ProxiedCall* Find(uint64_t id) const {
    const auto found = calls_.find(id);
    return found == calls_.end() ? nullptr : found->second.get();
  }
  void Remove(ProxiedCall& call) { calls_.erase(call.id()); }
  size_t size() const { return calls_.size(); }

 private:
  uint64_t next_ = 1;
  std::unordered_map<uint64_t, std::unique_ptr<ProxiedCall>> calls_;
};

}  // namespace foxfire::server::http2
