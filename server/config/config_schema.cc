#include "server/config/config_schema.h"

#include <algorithm>

namespace foxfire::server {
namespace {

// clang-format off
#define FIELD(member) [](const FieldTarget& target) -> FieldRef { return &target.config->member; }
// clang-format on

constexpr std::string_view kServer = "server";
constexpr std::string_view kTls = "tls";
constexpr std::string_view kZooKeeper = "zookeeper";
constexpr std::string_view kEngine = "engine";
constexpr std::string_view kSession = "session";
constexpr std::string_view kLimits = "limits";
constexpr std::string_view kStore = "store";
constexpr std::string_view kLog = "log";
constexpr std::string_view kAny;

using Keys = ConfigKeyList;

Keys ServerKeys() {
  return {
      {kServer, "listen", kAny, "Address for Spark Connect clients.", FIELD(server.listen)},
      {kServer, "loops", "0..256", "Event loops; 0: one for every two cores, at least one.",
       FIELD(server.loops)},
      {kServer, "allow_plaintext", kAny,
       "Serve without TLS on addresses that other machines can reach; tokens then cross the "
       "network readable.",
       FIELD(server.allow_plaintext)},
      {kServer, "state_folder", kAny,
       "Folder for everything that foxfired writes; `<state>/` in front of other paths stands for "
       "it.",
       FIELD(server.state_folder)},
      {kServer, "pid_file", kAny, "File for foxfired's process id; empty: none.",
       FIELD(server.pid_file)},
      {kServer, "public_host", kAny,
       "Host in the connection strings that `foxfire token create` prints; empty: localhost on a "
       "loopback address, else the address or the machine's name.",
       FIELD(server.public_host)},
      {kServer, "drain_timeout", "0s..1h", "How long calls may still run after SIGTERM.",
       FIELD(server.drain_timeout)},
      {kServer, "on_shutdown", "keep|stop",
       "What becomes of engines and the embedded ZooKeeper on SIGTERM; the next foxfired adopts "
       "what was kept.",
       FIELD(server.on_shutdown)},
      {kServer, "cluster_secret_file", kAny,
       "File from which every gateway derives the engines' secrets (0600, made on first start); "
       "the same on all gateways.",
       FIELD(server.cluster_secret_file)},
  };
}

Keys EdgeKeys() {
  return {
      {kTls, "certificate", kAny,
       "PEM file with the certificate and its chain, for Spark Connect and admin; empty: "
       "plaintext.",
       FIELD(tls.certificate)},
      {kTls, "key", kAny, "PEM file with the certificate's private key.", FIELD(tls.key)},
      {kTls, "min_version", "1.2|1.3", "Oldest TLS version that is accepted.",
       FIELD(tls.min_version)},
      {"admin", "listen", kAny, "Address of the admin API, which the foxfire command uses.",
       FIELD(admin.listen)},
      {"admin", "enabled", kAny, "Serve the admin API.", FIELD(admin.enabled)},
      {"http", "listen", kAny, "Address of /healthz, /readyz and /metrics.", FIELD(http.listen)},
      {"http", "enabled", kAny, "Serve health and metrics.", FIELD(http.enabled)},
      {kZooKeeper, "embedded", kAny,
       "Run ZooKeeper as a child process, on loopback; for one gateway on one machine.",
       FIELD(zookeeper.embedded)},
      {kZooKeeper, "embedded_port", "1..65535", "Port of the embedded ZooKeeper.",
       FIELD(zookeeper.embedded_port)},
      {kZooKeeper, "connect", kAny,
       "Servers of a ZooKeeper ensemble, host:port separated by commas; instead of embedded.",
       FIELD(zookeeper.connect)},
      {kZooKeeper, "root", kAny, "Node below which everything of Foxfire lies.",
       FIELD(zookeeper.root)},
      {kZooKeeper, "session_timeout", "1s..10m",
       "How soon ZooKeeper takes a silent gateway or engine for dead.",
       FIELD(zookeeper.session_timeout)},
      {kZooKeeper, "digest_file", kAny,
       "File (0600) with user:password for ZooKeeper's digest authentication; empty: none.",
       FIELD(zookeeper.digest_file)},
      {"auth", "token_file", kAny,
       "File (0600) with the hashes of bearer tokens, managed by `foxfire token`.",
       FIELD(auth.token_file)},
      {"auth", "bootstrap_admin_file", kAny,
       "Where foxfired leaves an administrator's token (0600) when the token file is new; empty: "
       "none is made.",
       FIELD(auth.bootstrap_admin_file)},
  };
}

Keys EngineKeys() {
  return {
      {kEngine, "jar", kAny,
       "The engine's program; empty: foxfire-engine.jar beside the foxfired program.",
       FIELD(engine.jar)},
      {kEngine, "launch_timeout", "1s..1h",
       "An engine that has not registered after so long has failed.", FIELD(engine.launch_timeout)},
      {kEngine, "concurrent_launches", "0..64",
       "Launches at the same time; 0: one for every two cores, at least one.",
       FIELD(engine.concurrent_launches)},
      {kEngine, "idle_timeout", "0s..365d",
       "An engine without activity for so long stops; 0s: never.", FIELD(engine.idle_timeout)},
      {kEngine, "max_lifetime", "0s..3650d", "An engine of this age stops; 0s: no limit.",
       FIELD(engine.max_lifetime)},
      {kEngine, "lost_timeout", "1s..1d",
       "An engine that could not register for so long stops itself.", FIELD(engine.lost_timeout)},
      {kEngine, "connection_linger", "0s..1h",
       "How long an engine of share level connection outlives its session, which may come back.",
       FIELD(engine.connection_linger)},
      {kEngine, "kill_grace", "0s..10m",
       "How long an engine may take to end when it is killed; then it is ended by force.",
       FIELD(engine.kill_grace)},
      {kEngine, "drain_grace", "0s..1d",
       "How long an engine whose registration was deleted may finish what runs.",
       FIELD(engine.drain_grace)},
      {kEngine, "launch_backoff", "0s..1h",
       "After a failed launch its callers get the same answer for so long.",
       FIELD(engine.launch_backoff)},
      {kEngine, "launch_backoff_max", "0s..1d",
       "The pause doubles with each failure in a row, up to this.",
       FIELD(engine.launch_backoff_max)},
      {kEngine, "spare_max_age", "1m..365d", "A warm spare of this age is replaced.",
       FIELD(engine.spare_max_age)},
      {kEngine, "prestart_lead", "1m..2h",
       "How long before the usual time an engine is started ahead.", FIELD(engine.prestart_lead)},
      {kEngine, "probe_interval", "1s..1h",
       "How often an engine is asked whether it still answers.", FIELD(engine.probe_interval)},
      {kEngine, "probe_timeout", "100ms..10m", "How long it may take to answer that.",
       FIELD(engine.probe_timeout)},
      {kEngine, "probe_failures", "1..100",
       "After so many probes in a row without an answer an engine counts as hung and is ended.",
       FIELD(engine.probe_failures)},
      {kEngine, "prepare_archive", kAny,
       "Make a class archive for each Spark home once, which starts engines faster.",
       FIELD(engine.prepare_archive)},
      {kEngine, "kept_logs", "0..100000", "Log folders of ended engines that are kept.",
       FIELD(engine.kept_logs)},
      {kEngine, "bind_address", kAny, "IP address that engines listen on.",
       FIELD(engine.bind_address)},
      {kEngine, "advertise_host", kAny, "Host by which gateways reach the engines launched here.",
       FIELD(engine.advertise_host)},
  };
}

Keys LimitKeys() {
  return {
      {kSession, "idle_timeout", "1s..365d", "A session without a call for so long ends.",
       FIELD(session.idle_timeout)},
      {kSession, "max_lifetime", "0s..3650d",
       "A session of this age ends, between two calls; 0s: no limit.", FIELD(session.max_lifetime)},
      {kSession, "ended_ttl", "0s..365d",
       "How long an ended session is remembered, so that its client hears what happened.",
       FIELD(session.ended_ttl)},
      {kSession, "ended_max", "0..10000000", "Ended sessions that are remembered at most.",
       FIELD(session.ended_max)},
      {kLimits, "connections", "1..1000000", "Client connections; a few more are told that.",
       FIELD(limits.connections)},
      {kLimits, "streams_per_connection", "1..100000", "Calls at the same time on one connection.",
       FIELD(limits.streams_per_connection)},
      {kLimits, "header_bytes", "4KiB..1MiB", "Header of one call.", FIELD(limits.header_bytes)},
      {kLimits, "message_bytes", "1KiB..2GiB", "One message of a call.",
       FIELD(limits.message_bytes)},
      {kLimits, "held_bytes", "1KiB..64GiB", "Bytes of all calls that wait for an engine.",
       FIELD(limits.held_bytes)},
      {kLimits, "held_calls", "1..1000000", "Calls that wait for an engine.",
       FIELD(limits.held_calls)},
      {kLimits, "calls_per_user", "1..1000000", "Open calls of one user.",
       FIELD(limits.calls_per_user)},
      {kLimits, "operations_per_user", "1..1000000", "ExecutePlan calls of one user that are open.",
       FIELD(limits.operations_per_user)},
      {kLimits, "sessions_per_user", "1..1000000",
       "Active sessions of one user that this gateway knows.", FIELD(limits.sessions_per_user)},
      {kLimits, "sessions_per_engine", "1..1000000",
       "Active sessions on one engine that this gateway knows.", FIELD(limits.sessions_per_engine)},
      {kLimits, "first_message_timeout", "100ms..10m",
       "From a call's header to its first whole message.", FIELD(limits.first_message_timeout)},
      {kLimits, "resets_per_second", "1..100000",
       "Calls that one connection may reset; more close it.", FIELD(limits.resets_per_second)},
      {kLimits, "engines", "1..10000", "Engines of this gateway, those being launched included.",
       FIELD(limits.engines)},
      {kLimits, "cluster_engines", "0..100000", "Engines of all gateways; 0: no limit.",
       FIELD(limits.cluster_engines)},
      {kLimits, "engines_per_user", "0..10000",
       "Engines of one user, those of their sessions included; 0: no limit.",
       FIELD(limits.engines_per_user)},
      {kLimits, "engines_per_group", "0..10000",
       "Engines of one group, or of share level server; 0: no limit.",
       FIELD(limits.engines_per_group)},
      {kLimits, "queued_launches", "1..100000", "Launches that wait for room; owners take turns.",
       FIELD(limits.queued_launches)},
      {kLimits, "queue_timeout", "0s..1h", "How long a launch waits for room; 0s: not at all.",
       FIELD(limits.queue_timeout)},
  };
}

Keys StoreAndLogKeys() {
  return {
      {kStore, "file", kAny, "SQLite database of sessions, engines, operations and events.",
       FIELD(store.file)},
      {kStore, "queue", "1..10000000", "Records that wait to be written at most.",
       FIELD(store.queue)},
      {kStore, "retention", "1h..3650d",
       "How long ended sessions, engines, operations and events are kept, ten million of each at "
       "most.",
       FIELD(store.retention)},
      {kLog, "level", "trace|debug|info|warn|error", "The least important lines that are written.",
       FIELD(log.level)},
      {kLog, "file", kAny, "Log file; empty: standard error.", FIELD(log.file)},
      {kLog, "json", kAny, "Write one JSON object a line.", FIELD(log.json)},
  };
}

#undef FIELD

Keys AllKeys() {
  Keys all;
  for (const Keys& keys :
       {ServerKeys(), EdgeKeys(), SharingKeys(kEngine), EngineKeys(), SharingKeys(kGroupSection),
        OverrideKeys(kGroupSection), SharingKeys(kUserSection), OverrideKeys(kUserSection),
        ProfileKeys(), RoutingKeys(), LimitKeys(), StoreAndLogKeys()})
    all.insert(all.end(), keys.begin(), keys.end());
  return all;
}

}  // namespace

const ConfigKeyList& ConfigKeys() {
  static const Keys keys = AllKeys();
  return keys;
}

std::vector<std::string_view> ConfigSections() {
  std::vector<std::string_view> sections;
  for (const ConfigKey& key : ConfigKeys()) {
    if (sections.empty() || sections.back() != key.section) sections.push_back(key.section);
  }
  return sections;
}

const ConfigKey* FindConfigKey(std::string_view section, std::string_view name) {
  const auto& keys = ConfigKeys();
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& key) {
    return key.section == section && key.name == name;
  });
  return found == keys.end() ? nullptr : &*found;
}

}  // namespace foxfire::server
