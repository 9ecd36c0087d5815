#include "server/gateway.h"

#include <fmt/format.h>
#include <unistd.h>

#include <future>

#include "auth/bootstrap.h"
#include "common/files.h"
#include "common/log.h"
#include "common/units.h"
#include "server/gateway_options.h"
#include "server/store/event_types.h"
#include "server/version.h"

namespace foxfire::server {
namespace {

// Beyond the grace that engines get: for their last words and ours.
constexpr Duration kShutdownSlack = std::chrono::seconds(15);

EventRecord GatewayEvent(const char* type, const GatewayId& id, const Clock& clock) {
  EventRecord event;
  event.time = clock.WallNow();
  event.type = type;
  event.detail = fmt::format("foxfired {} gateway={}", kVersion, id.str());
  return event;
}

}  // namespace

Gateway::Gateway(Config config) : config_(std::move(config)), id_(NewUuid()) {}

Gateway::~Gateway() { Stop(); }

Result<void> Gateway::Start() {
  core_ = std::make_unique<TaskThread>("timer", clock_);
  RETURN_IF_ERROR(StartState());
  RETURN_IF_ERROR(StartEngines());
  RETURN_IF_ERROR(StartCalls());
  RETURN_IF_ERROR(StartPorts());
  store_->Append(GatewayEvent(event::kGatewayStarted, id_, clock_));
  return {};
}

Result<void> Gateway::StartState() {
  RETURN_IF_ERROR_CONTEXT(MakeFolder(config_.server.state_folder, 0700), "server.state_folder");
  ASSIGN_OR_RETURN(cluster_secret_,
                   auth::ClusterSecret::LoadOrCreate(config_.server.cluster_secret_file));
  RETURN_IF_ERROR(
      auth::EnsureAdminToken(config_.auth.token_file, config_.auth.bootstrap_admin_file, clock_));
  ASSIGN_OR_RETURN(tokens_, auth::TokenStore::Open(config_.auth.token_file, clock_, metrics_));
  StoreOptions store;
  store.file = config_.store.file;
  store.queue_max = static_cast<size_t>(config_.store.queue);
  store.retention = config_.store.retention;
  ASSIGN_OR_RETURN(store_, SqliteEventStore::Open(store, clock_, metrics_));
  sessions_ =
      std::make_unique<SessionManager>(SessionManagerOptionsOf(config_), clock_, *store_, metrics_);
  return sessions_->Restore();
}

Result<void> Gateway::StartEngines() {
  launch_thread_ = std::make_unique<launcher::LaunchThread>(spawner_, clock_);
  launcher_ = std::make_unique<launcher::LocalLauncher>(
      LauncherOptionsOf(config_), ProfilesOf(config_), spawner_, *launch_thread_);
  RETURN_IF_ERROR(launcher_->Check());
  if (config_.zookeeper.embedded) {
    zookeeper_ = std::make_unique<launcher::EmbeddedZooKeeper>(EmbeddedZooKeeperOptionsOf(config_),
                                                               spawner_, *launch_thread_);
    RETURN_IF_ERROR(zookeeper_->Start());
  }
  ASSIGN_OR_RETURN(const discovery::ZooKeeperDirectoryOptions directory, DirectoryOptions());
  ASSIGN_OR_RETURN(directory_,
                   discovery::ZooKeeperEngineDirectory::Create(directory, clock_, metrics_));
  broker_ = std::make_unique<EngineBroker>(
      EngineOptionsOf(config_), *directory_, *launcher_,
      [this](const EngineId& engine) { return cluster_secret_->EngineSecret(engine); }, *sessions_,
      *store_, *core_, metrics_);
  RETURN_IF_ERROR(broker_->Start());
  directory_->Start();
  return {};
}

Result<discovery::ZooKeeperDirectoryOptions> Gateway::DirectoryOptions() const {
  discovery::ZooKeeperDirectoryOptions options;
  options.client.connect = ZooKeeperConnectOf(config_);
  options.client.session_timeout = config_.zookeeper.session_timeout;
  if (!config_.zookeeper.digest_file.empty()) {
    ASSIGN_OR_RETURN(std::string digest, ReadFile(config_.zookeeper.digest_file));
    while (!digest.empty() && digest.back() == '\n') digest.pop_back();
    options.client.digest = Secret(std::move(digest));
  }
  options.root = config_.zookeeper.root;
  options.gateway = {
      id_,      HostName(),
      getpid(), fmt::format("{}:{}", config_.server.public_host, config_.server.listen.port),
      kVersion, clock_.WallNow()};
  return options;
}

Result<void> Gateway::StartCalls() {
  router_ = std::make_unique<SessionRouter>(RouterOptionsOf(config_), *sessions_, *broker_,
                                            *directory_, *core_, metrics_);
  calls_ = std::make_unique<CallService>(CallOptionsOf(config_), *tokens_, *router_, *sessions_,
                                         *broker_, *directory_, *store_, *core_, metrics_);
  chores_ = std::make_unique<GatewayChores>(
      SessionTimes{config_.session.idle_timeout, config_.session.max_lifetime}, *tokens_,
      *sessions_, *broker_, *directory_, *store_, *core_);
  chores_->Start();
  return {};
}

Result<void> Gateway::StartPorts() {
  if (config_.tls.enabled()) {
    ASSIGN_OR_RETURN(tls_, http2::TlsContext::Create({config_.tls.certificate, config_.tls.key,
                                                      config_.tls.min_version}));
  }
  const ListenAddress& listen = config_.server.listen;
  const auto address = http2::ParseSocketAddress(listen.host, listen.port);
  if (!address) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("server.listen: \"{}\" is no IP address; write one", listen.host));
  }
  ASSIGN_OR_RETURN(data_plane_, http2::DataPlane::Create(DataPlaneOptionsOf(config_), *address,
                                                         tls_.get(), *calls_, clock_, metrics_));
  if (config_.admin.enabled) {
    const AdminServerOptions options{config_.admin.listen.ToString(), config_.tls.certificate,
                                     config_.tls.key};
    const GatewayInfo info{
        kVersion,
        id_,
        {config_.server.public_host, data_plane_->address().port(), config_.tls.enabled()}};
    ASSIGN_OR_RETURN(
        admin_,
        AdminServer::Start(options, PartsForAdmin(), info, [this](const SessionPtr& session) {
          directory_->UnbindSession(
              session->info().user, session->info().id, [](const Result<void>& unbound) {
                if (!unbound)
                  Log("admin").warn("unbinding a closed session: {}", unbound.error().message);
              });
        }));
  }
  if (config_.http.enabled) {
    HttpServerOptions options;
    options.listen = config_.http.listen;
    ASSIGN_OR_RETURN(http_, HttpServer::Start(options, ReadinessChecks(), metrics_));
  }
  RETURN_IF_ERROR(data_plane_->Start());
  if (config_.engine.prepare_archive) launcher_->MakeArchivesInBackground();
  return {};
}

AdminParts Gateway::PartsForAdmin() {
  return {*tokens_, *tokens_, *broker_, *sessions_, *store_, clock_, metrics_, router_->keys()};
}

std::vector<ReadinessCheck> Gateway::ReadinessChecks() const {
  return {{"zookeeper", [this] { return directory_->Health(); }},
          {"store", [this] { return store_->Health(); }},
          {"tokens", [this] { return tokens_->Health(); }}};
}

void Gateway::Stop() {
  if (core_ == nullptr) return;
  if (data_plane_ != nullptr) data_plane_->Drain(config_.server.drain_timeout);
  if (admin_ != nullptr) admin_->Shutdown(std::chrono::seconds(1));
  if (data_plane_ != nullptr) data_plane_->Stop();
  if (http_ != nullptr) http_->Stop();
  if (broker_ != nullptr && config_.server.on_shutdown == ShutdownPolicy::kStop) StopEngines();
  if (store_ != nullptr) {
    store_->Append(GatewayEvent(event::kGatewayStopped, id_, clock_));
    store_->Flush();
  }
  if (directory_ != nullptr) directory_->Stop();
  core_->Stop();
  if (zookeeper_ != nullptr && config_.server.on_shutdown == ShutdownPolicy::kStop) {
    if (const auto stopped = zookeeper_->Stop(); !stopped)
      Log("gateway").error("{}", stopped.error().message);
  }
  if (launch_thread_ != nullptr) launch_thread_->Stop();
  core_.reset();
}

void Gateway::StopEngines() {
  auto ended = std::make_shared<std::promise<void>>();
  KillRequest request;
  request.by = "foxfired";
  request.reason = "the gateway stops (server.on_shutdown)";
  request.grace = config_.engine.kill_grace;
  broker_->KillOwn(request, [ended] { ended->set_value(); });
  if (ended->get_future().wait_for(request.grace + kShutdownSlack) != std::future_status::ready) {
    Log("gateway").error(
        "engines did not end in time; `foxfire engine list` of another gateway shows them");
  }
}

Result<void> Gateway::Prepare() {
  RETURN_IF_ERROR_CONTEXT(MakeFolder(config_.server.state_folder, 0700), "server.state_folder");
  launcher::LaunchThread thread(spawner_, clock_);
  launcher::LocalLauncher launcher(LauncherOptionsOf(config_), ProfilesOf(config_), spawner_,
                                   thread);
  RETURN_IF_ERROR(launcher.Check());
  auto made = launcher.MakeArchives();
  thread.Stop();
  return made;
}

std::string Gateway::Addresses() const {
  std::string lines =
      fmt::format("Spark Connect {}{}", data_plane_->address().ToString(), tls_ ? " (TLS)" : "");
  if (admin_) lines += fmt::format(", admin {}:{}", config_.admin.listen.host, admin_->port());
  if (http_) lines += fmt::format(", http {}", http_->address().ToString());
  return lines;
}

}  // namespace foxfire::server
