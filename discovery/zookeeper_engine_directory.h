// The EngineDirectory that a gateway uses.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/clock.h"
#include "common/metrics.h"
#include "common/mutex.h"
#include "common/task_thread.h"
#include "discovery/discovery_stats.h"
#include "discovery/engine_directory.h"
#include "discovery/engine_view_builder.h"
#include "discovery/gateway_registration.h"
#include "discovery/launch_locks.h"
#include "discovery/node_client.h"
#include "discovery/node_layout.h"
#include "discovery/records.h"
#include "discovery/session_bindings.h"
#include "discovery/zookeeper_client.h"

namespace foxfire::discovery {

// A value type.
struct ZooKeeperDirectoryOptions {
  ZooKeeperClientOptions client;
  std::string root = "/foxfire";
  GatewayRecord gateway;
};

// Connects in the background and for as long as it takes: nothing here ends the gateway because
// ZooKeeper is away. An expired session is followed by a new one, in which the gateway registers
// again and holds no launch lock. A lock that could not be given back because the connection was
// lost is given back when there is one again. Callbacks and the listener run on the thread
// "directory", to which all state but Health()'s is confined. Thread-safe.
class ZooKeeperEngineDirectory final : public EngineDirectory {
 public:
  using MakeClient =
      std::function<std::unique_ptr<NodeClient>(const ZooKeeperClientOptions&, Executor&)>;

  // INVALID_ARGUMENT names the configuration's key. `clock` and `metrics` must outlive the
  // directory; `make_client` is for tests.
  static Result<std::unique_ptr<ZooKeeperEngineDirectory>> Create(
      ZooKeeperDirectoryOptions options, const Clock& clock, Metrics& metrics,
      const MakeClient& make_client = MakeZooKeeperClient);
  ~ZooKeeperEngineDirectory() override;  // stops

  // Called once, after OnChange(). Operations before that fail with UNAVAILABLE.
  void Start();
  // Ends the ZooKeeper session, and with it registration and locks. What has not been answered is
  // answered with UNAVAILABLE before this returns. Idempotent; not on the directory's own thread.
  void Stop();

  // For readiness: the error says since when what is missing, and the cure.
  Result<void> Health() const;

  std::shared_ptr<const DirectoryView> View() const override { return view_.View(); }
  void OnChange(std::function<void()> listener) override { listener_ = std::move(listener); }

  void AcquireLaunchLock(const EngineKey& key, Callback<bool> done) override;
  void ReleaseLaunchLock(const EngineKey& key, Callback<void> done) override;
  void AwaitLaunchLockFree(const EngineKey& key, Callback<void> done) override;
  void EnginesOf(const EngineKey& key, Callback<std::vector<EngineId>> done) override;
  void FindSession(const UserId& user, const SessionId& session,
                   Callback<std::optional<SessionBinding>> done) override;
  void BindSession(const SessionBinding& binding, Callback<SessionBinding> done) override;
  void NoteSessionUse(const SessionBinding& binding, Callback<void> done) override;
  void UnbindSession(const UserId& user, const SessionId& session, Callback<void> done) override;
  void SendControl(const EngineId& engine, const ControlCommand& command,
                   Callback<void> done) override;
  void ClearControl(const EngineId& engine, Callback<void> done) override;
  void PutEngine(const EngineRecord& record, Callback<void> done) override;
  void RemoveEngine(const EngineKey& key, const EngineId& engine, Callback<void> done) override;

 private:
  enum class Life { kCreated, kStarted, kStopped };
  enum class Needs { kNothing, kZooKeeper };

  ZooKeeperEngineDirectory(ZooKeeperDirectoryOptions options, NodeLayout layout, const Clock& clock,
                           Metrics& metrics, const MakeClient& make_client);

  // Runs `operation` on the directory's thread, or answers with why it cannot.
  template <typename T>
  void Run(Callback<T> done, std::function<void(Callback<T>)> operation,
           Needs needs = Needs::kZooKeeper) EXCLUDES(mutex_);

  // On the directory's thread:
  void LinkChanged(LinkState state);
  void LinkUp();
  void LinkDown(LinkState state);
  void WatchFired(NodeEvent event, const std::string& path);
  void Prepare();
  void MakeParents(bool root_exists);
  void Ready();
  void NotReady(Error problem);
  void CreateEngine(const EngineRecord& record, int attempts_left, Callback<void> done);
  void ShutDown();

  const ZooKeeperDirectoryOptions options_;
  const NodeLayout layout_;
  const Clock& clock_;
  DiscoveryStats stats_;
  std::function<void()> listener_;  // constant once started

  mutable Mutex mutex_;
  ConditionVariable shut_down_;
  Life life_ GUARDED_BY(mutex_) = Life::kCreated;
  bool is_shut_down_ GUARDED_BY(mutex_) = false;
  bool link_up_ GUARDED_BY(mutex_) = false;
  SteadyTime link_down_since_ GUARDED_BY(mutex_);
  std::optional<Error> problem_ GUARDED_BY(mutex_);  // connected, but not able to work

  TaskThread thread_;  // provides its own synchronization; used by all below

  // Confined to the directory's thread.
  std::unique_ptr<NodeClient> client_;
  EngineViewBuilder view_;  // its View() is thread-safe
  LaunchLocks locks_;
  SessionBindings bindings_;
  GatewayRegistration registration_;
  bool ready_ = false;
  bool was_connected_ = false;
  int64_t session_ = 0;  // the last one
  TimerId retry_ = 0;
  std::string logged_problem_;
};

}  // namespace foxfire::discovery
