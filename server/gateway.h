// foxfired's parts, put together.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/cluster_secret.h"
#include "auth/token_store.h"
#include "common/metrics.h"
#include "common/task_thread.h"
#include "discovery/zookeeper_engine_directory.h"
#include "engine_launcher/embedded_zookeeper.h"
#include "engine_launcher/launch_thread.h"
#include "engine_launcher/local_launcher.h"
#include "engine_launcher/posix_process_spawner.h"
#include "server/admin/admin_server.h"
#include "server/call/call_service.h"
#include "server/call/prestarts.h"
#include "server/call/session_router.h"
#include "server/config/config.h"
#include "server/engine/engine_broker.h"
#include "server/gateway_chores.h"
#include "server/http/http_server.h"
#include "server/http2/data_plane.h"
#include "server/http2/tls_context.h"
#include "server/probe/grpc_probe_client.h"
#include "server/session/binding_keeper.h"
#include "server/session/session_manager.h"
#include "server/store/sqlite_event_store.h"

namespace foxfire::server {

// The composition root: a list of parts, in the order in which they start; they are destroyed in
// the reverse order. Nothing else knows them all. Start, then Stop; for one thread.
class Gateway {
 public:
  explicit Gateway(Config config);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Returns when calls are taken. On an error, which names the config key and the cure, nothing is
  // left behind.
  Result<void> Start();

  // Drains and ends; what becomes of engines and the embedded ZooKeeper is server.on_shutdown's to
  // say.
  void Stop();

  // Makes what the first launch would otherwise be slow without (the class data archives), and
  // nothing else. Instead of Start.
  Result<void> Prepare();

  // Reads the file again. New engines and new sessions follow its profiles, groups, users and rules
  // about sharing; what else differs needs a restart and is named in the log. If the file is not
  // right, nothing changes. What came of it is in the log and an event. Blocks while profiles are
  // checked.
  void Reload(const Path& file);

  // One line a port, for people.
  std::string Addresses() const;

 private:
  Result<void> StartState();
  Result<void> StartEngines();
  EngineSecrets Secrets() const;
  Result<discovery::ZooKeeperDirectoryOptions> DirectoryOptions() const;
  Result<void> StartCalls();
  Result<void> StartPorts();
  std::vector<ReadinessCheck> ReadinessChecks() const;
  AdminParts PartsForAdmin();
  void StopEngines();
  void GiveUpLaunches();
  void RenewSpares(const Config& next);
  void WantPrestarts();
  void RejectReload(const std::vector<std::string>& mistakes);

  const Config config_;
  Config in_force_;  // config_ with what has been read again
  const GatewayId id_;
  const SystemClock clock_;
  Metrics metrics_;
  std::unique_ptr<TaskThread> core_;  // the `timer` thread: broker, router, chores

  bool is_stopped_ = false;

  // What is kept.
  std::optional<auth::ClusterSecret> cluster_secret_;
  std::unique_ptr<auth::TokenStore> tokens_;
  std::unique_ptr<SqliteEventStore> store_;
  std::unique_ptr<SessionManager> sessions_;

  // Engines.
  launcher::PosixProcessSpawner spawner_;
  std::unique_ptr<launcher::LaunchThread> launch_thread_;
  std::unique_ptr<launcher::EmbeddedZooKeeper> zookeeper_;  // null: an ensemble is given
  std::unique_ptr<launcher::LocalLauncher> launcher_;
  std::unique_ptr<discovery::ZooKeeperEngineDirectory> directory_;
  std::unique_ptr<GrpcProbeClient> probes_;
  std::unique_ptr<EngineBroker> broker_;

  // Calls.
  std::unique_ptr<BindingKeeper> bindings_;
  std::unique_ptr<SessionRouter> router_;
  std::unique_ptr<CallService> calls_;
  std::unique_ptr<GatewayChores> chores_;
  std::unique_ptr<TaskThread> prestart_thread_;  // null, like the next: nobody has had it so far
  std::unique_ptr<Prestarts> prestarts_;

  // Ports.
  std::unique_ptr<http2::TlsContext> tls_;  // null: plaintext
  std::unique_ptr<http2::DataPlane> data_plane_;
  std::unique_ptr<AdminServer> admin_;  // null: not enabled
  std::unique_ptr<HttpServer> http_;    // null: not enabled
};

}  // namespace foxfire::server
