// A ZooKeeper in memory that loses connections, sessions and answers on demand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/executor.h"
#include "common/mutex.h"
#include "discovery/node_client.h"

namespace foxfire::discovery {

// The tree and its sessions. Its clients (MakeClient) behave as NodeClient says and share it, each
// with a session of its own. Thread-safe; must outlive its clients.
class FakeZooKeeper {
 public:
  enum class Op { kCreate, kGet, kExists, kChildren, kSet, kDelete };

  // `executor` must not run its tasks any more once the client is destroyed.
  std::unique_ptr<NodeClient> MakeClient(Executor& executor);

  // What somebody else does to the tree; parents are made as needed. `owner`: whose session it is.
  void Put(const std::string& path, const std::string& data, int64_t owner = 0) EXCLUDES(mutex_);
  void Remove(const std::string& path) EXCLUDES(mutex_);  // with all below
  std::optional<std::string> Data(const std::string& path) const EXCLUDES(mutex_);
  int64_t Owner(const std::string& path) const EXCLUDES(mutex_);

  void Down() EXCLUDES(mutex_);  // connections break; sessions live on
  void Up() EXCLUDES(mutex_);    // clients come back to their sessions
  // A session ends, or all (0); the client makes a new one.
  void Expire(int64_t session = 0) EXCLUDES(mutex_);
  // Everything at and below `path` is forbidden; "" takes that back.
  void Deny(const std::string& path) EXCLUDES(mutex_);
  // The next `op` fails and has no effect.
  void FailNext(Op op, Code code) EXCLUDES(mutex_);
  // The next `op` takes effect, but the connection breaks before its answer.
  void LoseNextAnswer(Op op) EXCLUDES(mutex_);

 private:
  friend class FakeNodeClient;
  class FakeNodeClient;

  struct Node {
    std::string data;
    int64_t owner = 0;
    int32_t version = 0;
  };
  struct Reply {
    std::string data;
    std::vector<std::string> names;
    NodeStat stat;
  };

  static std::string ParentOf(const std::string& path) {
    return path.substr(0, std::max<size_t>(path.rfind('/'), 1));
  }
  Result<Reply> Apply(FakeNodeClient& client, Op op, const std::string& path,
                      const std::string& data, NodeKind kind, bool watch, int32_t version)
      REQUIRES(mutex_);
  Result<Reply> Do(FakeNodeClient& client, Op op, const std::string& path, const std::string& data,
                   NodeKind kind, int32_t version) REQUIRES(mutex_);
  std::vector<std::string> ChildrenOf(const std::string& path) const REQUIRES(mutex_);
  void Insert(const std::string& path, Node node) REQUIRES(mutex_);
  void Erase(const std::string& path) REQUIRES(mutex_);
  void EndSession(int64_t session) REQUIRES(mutex_);
  void Fire(NodeEvent event, const std::string& path) REQUIRES(mutex_);
  void Break() REQUIRES(mutex_);
  void Reconnect() REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Node> nodes_ GUARDED_BY(mutex_) = {{"/", {}}};
  std::set<FakeNodeClient*> clients_ GUARDED_BY(mutex_);
  bool up_ GUARDED_BY(mutex_) = true;
  int64_t last_session_ GUARDED_BY(mutex_) = 100;
  std::string denied_ GUARDED_BY(mutex_);
  std::map<Op, std::deque<Code>> failures_ GUARDED_BY(mutex_);
  std::map<Op, int> lost_answers_ GUARDED_BY(mutex_);
};

// One session after the other. Confined to its executor's thread but for what is guarded by the
// tree's mutex.
class FakeZooKeeper::FakeNodeClient final : public NodeClient {
 public:
  FakeNodeClient(FakeZooKeeper& zookeeper, Executor& executor)
      : zookeeper_(zookeeper), executor_(executor) {}
  ~FakeNodeClient() override { Close(); }

  void Open(Listeners listeners) override {
    listeners_ = std::move(listeners);
    MutexLock lock(zookeeper_.mutex_);
    zookeeper_.clients_.insert(this);
    if (zookeeper_.up_) PostConnected(++zookeeper_.last_session_);
  }

  void Close() override {
    if (std::exchange(closed_, true)) return;
    {
      MutexLock lock(zookeeper_.mutex_);
      if (zookeeper_.clients_.erase(this) > 0) zookeeper_.EndSession(session_);
    }
    FailPending();
  }

  int64_t session_id() const override { return session_seen_; }

  void Create(const std::string& path, const std::string& data, NodeKind kind,
              Callback<void> done) override {
    Begin(Op::kCreate, path, data, kind, false, IgnoringReply(std::move(done)));
  }
  void Get(const std::string& path, bool watch, Callback<NodeData> done) override {
    Begin(Op::kGet, path, "", {}, watch, [done = std::move(done)](Result<Reply> reply) {
      done(reply.map([](const Reply& found) { return NodeData{found.data, found.stat}; }));
    });
  }
  void Exists(const std::string& path, bool watch,
              Callback<std::optional<NodeStat>> done) override {
    Begin(Op::kExists, path, "", {}, watch, [done = std::move(done)](Result<Reply> reply) {
      if (!reply && reply.error().code == Code::kNotFound) return done(std::nullopt);
      done(reply.map([](const Reply& found) { return std::optional(found.stat); }));
    });
  }
  void Children(const std::string& path, bool watch,
                Callback<std::vector<std::string>> done) override {
    Begin(Op::kChildren, path, "", {}, watch, [done = std::move(done)](Result<Reply> reply) {
      done(reply.map([](const Reply& found) { return found.names; }));
    });
  }
  void Set(const std::string& path, const std::string& data, int32_t version,
           Callback<void> done) override {
    Begin(Op::kSet, path, data, {}, false, IgnoringReply(std::move(done)), version);
  }
  void Delete(const std::string& path, Callback<void> done) override {
    Begin(Op::kDelete, path, "", {}, false, IgnoringReply(std::move(done)));
  }

  // With the tree's mutex held:
  void PostConnected(int64_t new_session) {
    if (session_ == 0) session_ = new_session;
    PostLink(LinkState::kConnected, session_);
    for (const auto& [event, path] : std::exchange(missed_, {})) PostWatch(event, path);
  }
  void PostLink(LinkState state, int64_t session) {
    connected_ = state == LinkState::kConnected;
    executor_.Post([this, state, session] {
      if (closed_) return;
      session_seen_ = session;
      if (state == LinkState::kExpired) FailPending();
      listeners_.link(state);
    });
  }
  void FireIfWatched(NodeEvent event, const std::string& path) {
    const bool of_children = event == NodeEvent::kChildren;
    bool fires = (of_children ? child_watches_ : data_watches_).erase(path) > 0;
    if (event == NodeEvent::kDeleted) fires = child_watches_.erase(path) > 0 || fires;
    if (!fires) return;
    if (connected_) return PostWatch(event, path);
    missed_.emplace_back(event, path);
  }

  int64_t session_ = 0;
  bool connected_ = false;
  std::set<std::string> data_watches_;
  std::set<std::string> child_watches_;
  std::vector<std::pair<NodeEvent, std::string>> missed_;

 private:
  using Done = std::function<void(Result<Reply>)>;

  static Done IgnoringReply(Callback<void> done) {
    return [done = std::move(done)](const Result<Reply>& reply) {
      if (reply) return done({});
      done(tl::unexpected(reply.error()));
    };
  }
  static tl::unexpected<Error> Lost() { return MakeError(Code::kUnavailable, "connection loss"); }
  void PostWatch(NodeEvent event, const std::string& path) {
    executor_.Post([this, event, path] {
      if (!closed_) listeners_.watch(event, path);
    });
  }
  void Begin(Op op, const std::string& path, const std::string& data, NodeKind kind, bool watch,
             Done done, int32_t version = kAnyVersion) {
    if (closed_) return done(Lost());
    const uint64_t number = ++operations_;
    pending_.emplace(number, std::move(done));
    MutexLock lock(zookeeper_.mutex_);
    Result<Reply> reply =
        connected_ ? zookeeper_.Apply(*this, op, path, data, kind, watch, version) : Lost();
    executor_.Post([this, number, reply = std::move(reply)] {
      const auto pending = pending_.extract(number);
      if (!pending.empty()) pending.mapped()(reply);
    });
    if (connected_ && zookeeper_.lost_answers_[op] < 0) {
      zookeeper_.lost_answers_[op] = 0;
      zookeeper_.Break();
      zookeeper_.Reconnect();
    }
  }
  void FailPending() {
    std::map<uint64_t, Done> unanswered;
    unanswered.swap(pending_);
    for (const auto& [number, done] : unanswered) done(Lost());
  }

  FakeZooKeeper& zookeeper_;
  Executor& executor_;
  Listeners listeners_;
  bool closed_ = false;
  int64_t session_seen_ = 0;
  uint64_t operations_ = 0;
  std::map<uint64_t, Done> pending_;
};

inline std::unique_ptr<NodeClient> FakeZooKeeper::MakeClient(Executor& executor) {
  return std::make_unique<FakeNodeClient>(*this, executor);
}

inline void FakeZooKeeper::Put(const std::string& path, const std::string& data, int64_t owner) {
  MutexLock lock(mutex_);
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    if (nodes_.count(path.substr(0, slash)) == 0) Insert(path.substr(0, slash), {});
  }
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) return Insert(path, {data, owner});
  found->second = {data, owner, found->second.version + 1};
  Fire(NodeEvent::kChanged, path);
}

inline void FakeZooKeeper::Remove(const std::string& path) {
  MutexLock lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [node, content] : nodes_) {
    if (node == path || node.starts_with(path + "/")) paths.push_back(node);
  }
  for (auto node = paths.rbegin(); node != paths.rend(); ++node) Erase(*node);
}

inline std::optional<std::string> FakeZooKeeper::Data(const std::string& path) const {
  MutexLock lock(mutex_);
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) return std::nullopt;
  return found->second.data;
}

inline int64_t FakeZooKeeper::Owner(const std::string& path) const {
  MutexLock lock(mutex_);
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? 0 : found->second.owner;
}

inline void FakeZooKeeper::Break() {
  for (FakeNodeClient* client : clients_) {
    if (client->connected_) client->PostLink(LinkState::kDisconnected, client->session_);
  }
}

inline void FakeZooKeeper::Reconnect() {
  for (FakeNodeClient* client : clients_) {
    if (!client->connected_) client->PostConnected(++last_session_);
  }
}

inline void FakeZooKeeper::Down() {
  MutexLock lock(mutex_);
  up_ = false;
  Break();
}

inline void FakeZooKeeper::Up() {
  MutexLock lock(mutex_);
  up_ = true;
  Reconnect();
}

inline void FakeZooKeeper::Expire(int64_t session) {
  MutexLock lock(mutex_);
  for (FakeNodeClient* client : clients_) {
    if (session != 0 && client->session_ != session) continue;
    if (client->connected_) client->PostLink(LinkState::kDisconnected, client->session_);
    EndSession(client->session_);
    client->session_ = 0;
    client->data_watches_.clear();
    client->child_watches_.clear();
    client->missed_.clear();
    client->PostLink(LinkState::kExpired, 0);
  }
  if (up_) Reconnect();
}

inline void FakeZooKeeper::Deny(const std::string& path) {
  MutexLock lock(mutex_);
  denied_ = path;
}

inline void FakeZooKeeper::FailNext(Op op, Code code) {
  MutexLock lock(mutex_);
  failures_[op].push_back(code);
}

inline void FakeZooKeeper::LoseNextAnswer(Op op) {
  MutexLock lock(mutex_);
  lost_answers_[op] = 1;
}

inline Result<FakeZooKeeper::Reply> FakeZooKeeper::Apply(FakeNodeClient& client, Op op,
                                                         const std::string& path,
                                                         const std::string& data, NodeKind kind,
                                                         bool watch, int32_t version) {
  std::deque<Code>& failures = failures_[op];
  if (!failures.empty()) {
    const Code code = failures.front();
    failures.pop_front();
    return MakeError(code, "injected failure at " + path);
  }
  if (!denied_.empty() && (path == denied_ || path.starts_with(denied_ + "/")))
    return MakeError(Code::kPermissionDenied, "not authenticated: " + path);
  Result<Reply> reply = Do(client, op, path, data, kind, version);
  if (watch && op == Op::kChildren && reply) client.child_watches_.insert(path);
  if (watch && (op == Op::kExists || (op == Op::kGet && reply))) client.data_watches_.insert(path);
  if (lost_answers_[op] == 0) return reply;
  lost_answers_[op] = -1;  // the client breaks the connection behind this answer
  return MakeError(Code::kUnavailable, "connection loss");
}

inline Result<FakeZooKeeper::Reply> FakeZooKeeper::Do(FakeNodeClient& client, Op op,
                                                      const std::string& path,
                                                      const std::string& data, NodeKind kind,
                                                      int32_t version) {
  const auto found = nodes_.find(path);
  if (op == Op::kCreate) {
    if (found != nodes_.end()) return MakeError(Code::kAlreadyExists, "node exists: " + path);
    if (nodes_.count(ParentOf(path)) == 0)
      return MakeError(Code::kNotFound, "no node: " + ParentOf(path));
    Insert(path, {data, kind == NodeKind::kEphemeral ? client.session_ : 0});
    return Reply{};
  }
  if (found == nodes_.end()) return MakeError(Code::kNotFound, "no node: " + path);
  Reply reply{found->second.data, {}, {found->second.owner, found->second.version}};
  if (op == Op::kChildren) reply.names = ChildrenOf(path);
  if (op == Op::kSet) {
    if (version != kAnyVersion && version != found->second.version)
      return MakeError(Code::kAborted, "another version: " + path);
    found->second.data = data;
    ++found->second.version;
    Fire(NodeEvent::kChanged, path);
  }
  if (op == Op::kDelete) {
    if (!ChildrenOf(path).empty())
      return MakeError(Code::kFailedPrecondition, "not empty: " + path);
    Erase(path);
  }
  return reply;
}

inline std::vector<std::string> FakeZooKeeper::ChildrenOf(const std::string& path) const {
  const std::string prefix = path == "/" ? path : path + "/";
  std::vector<std::string> names;
  for (const auto& [node, content] : nodes_) {
    if (node.starts_with(prefix) && node != "/" &&
        node.find('/', prefix.size()) == std::string::npos)
      names.push_back(node.substr(prefix.size()));
  }
  return names;
}

inline void FakeZooKeeper::Insert(const std::string& path, Node node) {
  nodes_[path] = std::move(node);
  Fire(NodeEvent::kCreated, path);
  Fire(NodeEvent::kChildren, ParentOf(path));
}

inline void FakeZooKeeper::Erase(const std::string& path) {
  nodes_.erase(path);
  Fire(NodeEvent::kDeleted, path);
  Fire(NodeEvent::kChildren, ParentOf(path));
}

inline void FakeZooKeeper::EndSession(int64_t session) {
  if (session == 0) return;
  std::vector<std::string> gone;
  for (const auto& [path, node] : nodes_) {
    if (node.owner == session) gone.push_back(path);
  }
  for (const std::string& path : gone) Erase(path);
}

inline void FakeZooKeeper::Fire(NodeEvent event, const std::string& path) {
  for (FakeNodeClient* client : clients_) client->FireIfWatched(event, path);
}

}  // namespace foxfire::discovery
