// The locks that let one gateway of the cluster start an engine.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/engine_key.h"
#include "discovery/engine_directory.h"
#include "discovery/node_client.h"
#include "discovery/node_layout.h"

namespace foxfire::discovery {

// A lock is an ephemeral node, held by the ZooKeeper session that made it: a node of an earlier
// session of this gateway counts as another's. What is done to one lock is done one after the
// other. A lock whose creation or deletion was cut off by a lost connection is cleared up once
// there is a connection again, or taken over by the next Acquire. Confined to the client's thread.
class LaunchLocks {
 public:
  template <typename T>
  using Callback = EngineDirectory::Callback<T>;

  // Borrowed, must outlive this. `make_data` makes what a new node holds.
  LaunchLocks(NodeClient& client, const NodeLayout& layout, std::function<std::string()> make_data);

  void Acquire(const EngineKey& key, Callback<bool> done);
  void Release(const EngineKey& key, Callback<void> done);
  // UNAVAILABLE if the connection is lost meanwhile.
  void AwaitFree(const EngineKey& key, Callback<void> done);

  // `is_new_session`: all locks of the last one are lost.
  void Connected(bool is_new_session);
  void Disconnected();
  void HandleEvent(const std::string& path);

 private:
  struct Lock {
    bool held = false;
    bool doubtful = false;  // a node of ours may be there that nobody wants
    bool busy = false;      // the first step of `steps` is under way
    std::deque<std::function<void()>> steps;
  };

  // Each step ends with Next().
  void Enqueue(const EngineKey& key, std::function<void()> step);
  void Next(const EngineKey& key);

  void TryAcquire(const EngineKey& key, int attempts_left, Callback<bool> done);
  void TakeOver(const EngineKey& key, int attempts_left, Callback<bool> done);
  void DeleteOwn(const EngineKey& key, Callback<void> done);
  void ClearUp(const EngineKey& key);
  void CheckFree(const EngineKey& key);

  NodeClient& client_;
  const NodeLayout& layout_;
  const std::function<std::string()> make_data_;

  std::map<EngineKey, Lock> locks_;
  std::map<EngineKey, std::vector<Callback<void>>> waiting_;
};

}  // namespace foxfire::discovery
