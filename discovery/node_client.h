// ZooKeeper's operations, as far as the directory uses them. ZooKeeperClient is the real one,
// tests/fakes/fake_zookeeper.h a tree in memory that fails on demand.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"

namespace foxfire::discovery {

struct NodeStat {
  int64_t ephemeral_owner = 0;  // the session id; 0: persistent
  int32_t version = 0;          // how often its data has been replaced
};

// For NodeClient::Set: whatever is there now is replaced.
inline constexpr int32_t kAnyVersion = -1;

struct NodeData {
  std::string data;
  NodeStat stat;
};

enum class NodeKind {
  kPersistent,
  kEphemeral,
  kContainer,  // ZooKeeper removes it some time after its last child has gone
};

enum class NodeEvent { kCreated, kDeleted, kChanged, kChildren };

enum class LinkState {
  kConnected,
  kDisconnected,  // the session may still live: the client tries to get back to it
  kExpired,       // the session and its ephemeral nodes are gone; a new one is being made
};

// Errors: NOT_FOUND (no such node, or no parent to create it below), ALREADY_EXISTS,
// PERMISSION_DENIED, FAILED_PRECONDITION (it has children), ABORTED (its data is of another
// version), UNAVAILABLE (no connection, or it broke on the way: whether the operation took place is
// not known), INTERNAL.
//
// Operations answer exactly once, later and in the order in which they were begun; answers and
// watch events keep ZooKeeper's order. Confined to its executor's thread, as are all callbacks.
class NodeClient {
 public:
  template <typename T>
  using Callback = std::function<void(Result<T>)>;

  struct Listeners {
    std::function<void(LinkState)> link;
    // Each watch fires once. Those of a lost session never do.
    std::function<void(NodeEvent, const std::string& path)> watch;
  };

  virtual ~NodeClient() = default;

  // Connects in the background. Called once.
  virtual void Open(Listeners listeners) = 0;
  // Ends the session with its ephemeral nodes. What has not been answered yet is answered with
  // UNAVAILABLE before this returns; blocks for a moment.
  virtual void Close() = 0;

  // The session of the last kConnected; 0 before, and after it expired.
  virtual int64_t session_id() const = 0;

  virtual void Create(const std::string& path, const std::string& data, NodeKind kind,
                      Callback<void> done) = 0;
  // `watch`: also tells when the node changes or goes.
  virtual void Get(const std::string& path, bool watch, Callback<NodeData> done) = 0;
  // nullopt: there is none. `watch`: also tells when it comes, changes or goes.
  virtual void Exists(const std::string& path, bool watch,
                      Callback<std::optional<NodeStat>> done) = 0;
  // `watch`: also tells when children come or go, or the node itself goes.
  virtual void Children(const std::string& path, bool watch,
                        Callback<std::vector<std::string>> done) = 0;
  // Only if the node's data is of `version`.
  virtual void Set(const std::string& path, const std::string& data, int32_t version,
                   Callback<void> done) = 0;
  virtual void Delete(const std::string& path, Callback<void> done) = 0;
};

// Creates the node, or replaces its data.
void PutNode(NodeClient& client, const std::string& path, const std::string& data,
             NodeClient::Callback<void> done);
// Deletes the node; no error if there is none.
void RemoveNode(NodeClient& client, const std::string& path, NodeClient::Callback<void> done);

}  // namespace foxfire::discovery
