// The fake engine's side of docs/engine-contract.md in ZooKeeper, written against the C client and
// not against discovery/, so that the two do not share a mistake.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/result.h"
#include "tests/fake_engine/engine_options.h"
#include "tests/fake_engine/event_queue.h"

struct _zhandle;

namespace foxfire::fake {

// An order from <root>/control/<engine id>.
struct StopOrder {
  bool drains = false;  // waits for its sessions
  std::chrono::milliseconds grace{0};
  std::string reason;
};

// Its watchers push to the event queue; everything else is called on one thread and may block.
class Registration {
 public:
  // `events` is borrowed and must outlive this. `record`: the JSON of the engine's node.
  Registration(const EngineOptions& options, std::string record, EventQueue& events);
  ~Registration();
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

  // Begins a new ZooKeeper session; kConnected follows.
  Result<void> Connect();
  // Writes the node and sets the watches.
  Result<void> Register();
  void Deregister();

  bool IsOwnNode(const std::string& path) const { return path == node_; }
  // Sets the watch again. False: the node is gone.
  bool OwnNodeExists();
  // Sets the watch again. nullopt: there is no order.
  std::optional<StopOrder> ReadOrder();

 private:
  Result<void> MakeParents();

  const std::string servers_;
  const int timeout_ms_;
  const std::string node_;
  const std::string control_;
  const std::string record_;
  EventQueue& events_;
  _zhandle* handle_ = nullptr;
};

}  // namespace foxfire::fake
