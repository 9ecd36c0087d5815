#include "server/gateway.h"

#include <fmt/format.h>
#include <unistd.h>

#include <future>

#include "auth/bootstrap.h"
#include "common/files.h"
#include "common/log.h"
#include "common/units.h"
#include "server/gateway_options.h"
#include "server/probe/engine_greeting.h"
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

Gateway::Gateway(Config config) : config_(std::move(config)), in_force_(config_), id_(NewUuid()) {}

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
  launcher::LauncherOptions options = LauncherOptionsOf(config_);
  options.gateway_public_key = cluster_secret_->PublicKey();
  launcher_ = std::make_unique<launcher::LocalLauncher>(options, ProfilesOf(config_), spawner_,
                                                        *launch_thread_);
  RETURN_IF_ERROR(launcher_->Check());
  if (config_.zookeeper.embedded) {
    zookeeper_ = std::make_unique<launcher::EmbeddedZooKeeper>(EmbeddedZooKeeperOptionsOf(config_),
                                                               spawner_, *launch_thread_);
    RETURN_IF_ERROR(zookeeper_->Start());
  }
  ASSIGN_OR_RETURN(const discovery::ZooKeeperDirectoryOptions directory, DirectoryOptions());
  ASSIGN_OR_RETURN(directory_,
                   discovery::ZooKeeperEngineDirectory::Create(directory, clock_, metrics_));
  probes_ = std::make_unique<GrpcProbeClient>();
  EngineOptions engines = EngineOptionsOf(config_);
  engines.overrides_of = [this](const EngineKey& key) {
    return OverridesOf(*router_->keys().Get(), key);
  };
  broker_ = std::make_unique<EngineBroker>(
      std::move(engines), Secrets(),
      EngineBrokerParts{*directory_, *launcher_, *sessions_, *store_, *probes_, *core_, metrics_});
  // Before the broker starts, which asks it what owners have otherwise.
  bindings_ = std::make_unique<BindingKeeper>(*sessions_, *directory_, *core_);
  router_ = std::make_unique<SessionRouter>(RouterOptionsOf(config_), *sessions_, *broker_,
                                            *directory_, *bindings_, *core_, metrics_);
  RETURN_IF_ERROR(broker_->Start());
  directory_->Start();
  return {};
}

EngineSecrets Gateway::Secrets() const {
  EngineSecrets secrets;
  secrets.of_launched = [this](const EngineId& engine) {
    return cluster_secret_->EngineSecret(engine);
  };
  secrets.of_registered = [this](const discovery::EngineRecord& record) -> Result<Secret> {
    if (record.is_registered()) {
      if (record.sealed_secret.empty()) return Secret();
      return auth::OpenSecret(cluster_secret_->SealingKey(), record.SealContext(),
                              record.sealed_secret);
    }
    if (!record.public_key.empty())
      return cluster_secret_->AgreedSecret(record.id, record.public_key);
    return cluster_secret_->EngineSecret(record.id);
  };
  return secrets;
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
  calls_ = std::make_unique<CallService>(CallOptionsOf(config_), *tokens_, *router_, *sessions_,
                                         *broker_, *bindings_, *store_, *core_, metrics_);
  chores_ = std::make_unique<GatewayChores>(
      SessionTimes{config_.session.idle_timeout, config_.session.max_lifetime}, *tokens_,
      *sessions_, *bindings_, *broker_, *directory_, *store_, *core_);
  chores_->Start();
  WantPrestarts();
  return {};
}

// Most gateways need no thread for it. Once there it stays, and looks whether anybody has it now.
void Gateway::WantPrestarts() {
  if (prestarts_ != nullptr || !HasPrestart(*router_->keys().Get())) return;
  prestart_thread_ = std::make_unique<TaskThread>("prestart", clock_);
  prestarts_ = std::make_unique<Prestarts>(config_.engine.prestart_lead, router_->keys(), *tokens_,
                                           *broker_, *store_, *prestart_thread_, metrics_);
  prestarts_->Start();
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
    ASSIGN_OR_RETURN(admin_, AdminServer::Start(options, PartsForAdmin(), info,
                                                [this](const SessionPtr& session) {
                                                  bindings_->Unbind(session->info());
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
  return {.verifier = *tokens_,
          .tokens = *tokens_,
          .broker = *broker_,
          .sessions = *sessions_,
          .store = *store_,
          .clock = clock_,
          .metrics = metrics_,
          .keys = router_->keys(),
          .directory = *directory_,
          .sealing_key = cluster_secret_->SealingKey(),
          .greet = GreetEngine};
}

std::vector<ReadinessCheck> Gateway::ReadinessChecks() const {
  return {{"zookeeper", [this] { return directory_->Health(); }},
          {"store", [this] { return store_->Health(); }},
          {"tokens", [this] { return tokens_->Health(); }}};
}

void Gateway::Stop() {
  if (core_ == nullptr || std::exchange(is_stopped_, true)) return;
  if (prestart_thread_ != nullptr) prestart_thread_->Stop();
  if (data_plane_ != nullptr) data_plane_->Drain(config_.server.drain_timeout);
  if (admin_ != nullptr) admin_->Shutdown(std::chrono::seconds(1));
  if (data_plane_ != nullptr) data_plane_->Stop();
  if (http_ != nullptr) http_->Stop();
  if (broker_ != nullptr && config_.server.on_shutdown == ShutdownPolicy::kStop) {
    StopEngines();
  } else if (broker_ != nullptr) {
    GiveUpLaunches();
  }
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

// Nobody waits for them any more, and with the launch lock gone the next gateway starts its own.
void Gateway::GiveUpLaunches() {
  auto ended = std::make_shared<std::promise<void>>();
  broker_->GiveUpLaunches([ended] { ended->set_value(); });
  if (ended->get_future().wait_for(kShutdownSlack) != std::future_status::ready)
    Log("gateway").error("launches did not end in time; their engines end when they are idle");
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
