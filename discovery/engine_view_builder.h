// Keeps the view of the engines: reads everything below engines/ and every change of it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/executor.h"
#include "common/published.h"
#include "discovery/discovery_stats.h"
#include "discovery/engine_directory.h"
#include "discovery/node_client.h"
#include "discovery/node_layout.h"

namespace foxfire::discovery {

// Watches engines/, each engine key's node and each engine's node; every read arms its watch again,
// and every new connection reads everything again. A node that cannot be understood is listed as
// broken and logged once. View() is thread-safe, all else is confined to the client's thread.
class EngineViewBuilder {
 public:
  // All borrowed, must outlive this. `changed` is called on the client's thread after each change.
  EngineViewBuilder(NodeClient& client, const NodeLayout& layout, Executor& executor,
                    DiscoveryStats& stats, std::function<void()> changed);

  std::shared_ptr<const DirectoryView> View() const { return view_.Get(); }

  // There is a connection, and engines/ exists.
  void Connected();
  void Disconnected();
  // Ignores paths outside engines/.
  void HandleEvent(NodeEvent event, const std::string& path);
  // Nothing is read any more.
  void Stop();

 private:
  struct Engine {
    std::optional<EngineRecord> record;
    std::string why_broken;  // empty: it is not, or it has not been read yet
  };
  struct Key {
    std::optional<EngineKey> key;  // nullopt: its name is no engine key
    std::string why_broken;
    std::map<std::string, Engine> engines;  // by node name
  };

  void ReadAll();
  void ReadKey(const std::string& name);
  void ReadEngine(const std::string& key_name, const std::string& name);
  void KeysListed(const std::vector<std::string>& names);
  void EnginesListed(const std::string& key_name, const std::vector<std::string>& names);
  void EngineRead(const std::string& key_name, const std::string& name,
                  const Result<NodeData>& node);
  void HandleEngineEvent(NodeEvent event, const std::string& key_name, const std::string& name);
  // True if the node is there but may not be read, or is broken in another way that lasts.
  bool IsBroken(const Error& error);
  void Began() { ++reads_; }
  void Ended();
  void ReadAgainAfter(Duration delay);
  // Publishes once the events that have arrived already are dealt with.
  void PublishSoon();
  void Publish();
  DirectoryView MakeView() const;
  void LogBroken(const DirectoryView& view);

  NodeClient& client_;
  const NodeLayout& layout_;
  Executor& executor_;
  DiscoveryStats& stats_;
  const std::function<void()> changed_;

  Published<DirectoryView> view_;  // provides its own synchronization

  // Confined to the client's thread.
  std::map<std::string, Key> keys_;  // by node name
  bool connected_ = false;
  bool synced_ = false;
  bool stale_ = true;
  bool incomplete_ = false;  // a read of this pass failed in a way that may pass
  bool unreadable_ = false;  // a node may not be read; no watch tells when that changes
  bool publishing_ = false;
  uint64_t reads_ = 0;  // under way
  TimerId retry_ = 0;
  std::set<std::pair<std::string, std::string>> logged_;  // broken nodes and why
};

}  // namespace foxfire::discovery
