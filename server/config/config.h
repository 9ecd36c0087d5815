// Everything that foxfired can be told by its configuration file: one struct a section. Plain
// values; which keys bind to them, their ranges and their descriptions are in config_schema.cc,
// and a test holds the defaults here, there, in conf/foxfire.toml and in docs/configuration.md
// together.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/engine_key.h"
#include "common/files.h"
#include "engine_launcher/profile.h"
#include "server/config/listen_address.h"

namespace foxfire::server {

// A program: a path, or a name without a slash that PATH finds.
struct Program {
  std::string command;
  bool operator==(const Program&) const = default;
};

// What becomes of engines and the embedded ZooKeeper when foxfired is told to end.
enum class ShutdownPolicy { kKeep, kStop };

using StringMap = std::map<std::string, std::string>;

// Paths are absolute once LoadConfig has returned them; "" means not set.

struct ServerConfig {
  ListenAddress listen{"127.0.0.1", 15002};  // Spark Connect
  int64_t loops = 0;                         // event loops, 0..256; LoadConfig replaces 0
  bool allow_plaintext = false;              // plaintext on addresses that others can reach
  Path state_folder = "var";                 // where everything that foxfired writes lies
  Path pid_file;                             // "": none
  std::string public_host;                   // host in connection strings; LoadConfig replaces ""
  Duration drain_timeout = std::chrono::seconds(10);    // 0s..1h
  ShutdownPolicy on_shutdown = ShutdownPolicy::kKeep;   // keep or stop
  Path cluster_secret_file = "<state>/cluster.secret";  // made on first start, 0600
  bool operator==(const ServerConfig&) const = default;
};

struct TlsConfig {
  Path certificate;                 // PEM, the chain; "": plaintext
  Path key;                         // PEM; with `certificate` or not at all
  std::string min_version = "1.2";  // 1.2 or 1.3
  bool enabled() const { return !certificate.empty(); }
  bool operator==(const TlsConfig&) const = default;
};

struct AdminConfig {
  ListenAddress listen{"127.0.0.1", 15003};  // admin gRPC
  bool enabled = true;
  bool operator==(const AdminConfig&) const = default;
};

struct HttpConfig {
  ListenAddress listen{"127.0.0.1", 15004};  // health and metrics
  bool enabled = true;
  bool operator==(const HttpConfig&) const = default;
};

// Exactly one of `embedded` and `connect`.
struct ZooKeeperConfig {
  bool embedded = false;          // foxfired runs ZooKeeper as a child, on loopback
  int64_t embedded_port = 15005;  // 1..65535
  std::string connect;            // host:port[,host:port…]
  std::string root = "/foxfire";  // the node below which everything lies
  Duration session_timeout = std::chrono::seconds(15);  // 1s..10m
  Path digest_file;  // user:password for a digest ACL, 0600; "": none
  bool operator==(const ZooKeeperConfig&) const = default;
};

struct AuthConfig {
  Path token_file = "<state>/tokens.json";             // hashes of tokens, 0600
  Path bootstrap_admin_file = "<state>/tokens/admin";  // a first administrator's token, 0600
  bool operator==(const AuthConfig&) const = default;
};

// Which engines users get. [engine] has it for everybody; [group.<name>] and [user.<name>] begin as
// copies of that. Read again on SIGHUP, like profiles, groups and users.
struct SharingConfig {
  ShareLevel share_level = ShareLevel::kUser;        // connection, user, group or server
  std::vector<std::string> client_share_levels;      // what clients may ask for instead
  std::string profile = "default";                   // of engines whose client asks for none
  std::vector<std::string> client_profiles = {"*"};  // what clients may ask for; "*": every one
  int64_t pool_size = 1;                             // 1..1000
  int64_t pool_load = 8;                             // 1..100000
  bool prestart = false;                             // of share level user
  bool operator==(const SharingConfig&) const = default;
};

struct EngineConfig {
  SharingConfig sharing;
  Path jar;                                               // LoadConfig replaces ""
  Duration launch_timeout = std::chrono::minutes(3);      // 1s..1h
  int64_t concurrent_launches = 0;                        // 0..64; LoadConfig replaces 0
  Duration idle_timeout = std::chrono::minutes(30);       // 0s (never)..365d
  Duration max_lifetime{};                                // 0s (none)..3650d
  Duration lost_timeout = std::chrono::minutes(2);        // 1s..1d
  Duration connection_linger = std::chrono::seconds(5);   // 0s..1h
  Duration kill_grace = std::chrono::seconds(10);         // 0s..10m
  Duration drain_grace = std::chrono::minutes(5);         // 0s..1d
  Duration launch_backoff = std::chrono::seconds(5);      // 0s..1h
  Duration launch_backoff_max = std::chrono::minutes(1);  // 0s..1d
  Duration spare_max_age = std::chrono::hours(1);         // 1m..365d
  Duration prestart_lead = std::chrono::minutes(10);      // 1m..2h
  Duration probe_interval = std::chrono::seconds(10);     // 1s..1h
  Duration probe_timeout = std::chrono::seconds(5);       // 100ms..10m
  int64_t probe_failures = 3;                             // 1..100
  bool prepare_archive = true;                            // a CDS archive for each Spark home
  int64_t kept_logs = 50;                                 // folders of ended engines, 0..100000
  std::string bind_address = "127.0.0.1";                 // an IP address of this machine
  std::string advertise_host = "127.0.0.1";               // how gateways reach engines
  bool operator==(const EngineConfig&) const = default;
};

// What the engines of one group or user have otherwise than their profile says.
struct OverridesConfig {
  uint64_t driver_memory = 0;  // bytes of Java heap, 512MiB..4096GiB; 0: the profile's
  std::string queue;           // "": the profile's
  StringMap spark_conf;        // merged over the profile's
  StringMap environment;       // merged over the profile's
  bool operator==(const OverridesConfig&) const = default;
};

// [group.<name>] and [user.<name>].
struct OwnerConfig {
  SharingConfig sharing;      // of the engines that they ask for
  OverridesConfig overrides;  // of the engines that they own
  bool operator==(const OwnerConfig&) const = default;
};

inline constexpr const char* kDefaultProfile = "default";

// [profile.<name>]. What a profile does not set comes from the one that it inherits from; what
// [profile.default] does not set is as it is here.
struct ProfileConfig {
  std::string inherits = kDefaultProfile;  // of the default one: the values here
  Path spark_home;                         // required
  Path java_home;                          // "": $JAVA_HOME, else java from PATH
  Program python{"python3"};               // for Python UDFs
  uint64_t driver_memory = 1ULL << 30;     // bytes of Java heap, 512MiB..4096GiB
  launcher::LauncherKind launcher = launcher::LauncherKind::kLocal;
  std::string master = "local[*]";  // Spark's master URL
  launcher::DeployMode deploy_mode = launcher::DeployMode::kClient;
  launcher::RunAs run_as = launcher::RunAs::kLogin;
  std::string queue;                        // YARN's; "": its default
  std::string kubernetes_namespace;         // "": default
  std::string engine_jar;                   // as the cluster's drivers find it; "": engine.jar
  std::string zookeeper_digest_file;        // as they find it; "": zookeeper.digest_file
  std::string bind_address;                 // "": engine.bind_address
  std::string advertise_host;               // "": engine.advertise_host; "auto": the driver's own
  std::vector<std::string> launch_command;  // of launcher = "command"
  std::vector<std::string> kill_command;    // of launcher = "command"
  int64_t warm_spares = 0;                  // 0..100
  std::vector<std::string> java_options;    // after Foxfire's own
  std::vector<std::string> class_path;      // absolute paths, in front of Spark's jars
  std::vector<std::string> client_conf;     // Spark settings, each exact or with "*" at its end
  StringMap spark_conf;                     // spark.* settings
  StringMap environment;                    // variables of the engine's process
  bool operator==(const ProfileConfig&) const = default;
};

// Headers by which clients say which engine they want ([routing]).
struct RoutingConfig {
  std::string header_team = "x-team";                // "": not looked at
  std::string header_environment = "x-environment";  // likewise
  bool operator==(const RoutingConfig&) const = default;
};

// [route.<name>]: where a team and an environment lead.
struct RouteConfig {
  std::string team;                     // "": any
  std::string environment;              // "": any; not both
  std::string group;                    // whose engine, of share level group; "": as without
  std::string profile;                  // "": as without
  std::string subdomain;                // "": as without
  std::vector<std::string> for_groups;  // who may take it, besides `group`
  bool operator==(const RouteConfig&) const = default;
};

struct SessionConfig {
  Duration idle_timeout = std::chrono::hours(4);  // 1s..365d
  Duration max_lifetime{};                        // 0s (none)..3650d
  Duration ended_ttl = std::chrono::hours(24);    // 0s..365d
  int64_t ended_max = 100000;                     // 0..10000000
  bool operator==(const SessionConfig&) const = default;
};

struct LimitsConfig {
  int64_t connections = 10000;                                // 1..1000000
  int64_t streams_per_connection = 1000;                      // 1..100000
  uint64_t header_bytes = 64ULL << 10;                        // 4KiB..1MiB
  uint64_t message_bytes = 128ULL << 20;                      // 1KiB..2GiB
  uint64_t held_bytes = 256ULL << 20;                         // 1KiB..64GiB, all held calls
  int64_t held_calls = 1000;                                  // 1..1000000
  int64_t calls_per_user = 2000;                              // 1..1000000
  int64_t operations_per_user = 500;                          // 1..1000000
  int64_t sessions_per_user = 1000;                           // 1..1000000
  int64_t sessions_per_engine = 1000;                         // 1..1000000
  Duration first_message_timeout = std::chrono::seconds(30);  // 100ms..10m
  int64_t resets_per_second = 100;                            // 1..100000, one connection
  int64_t engines = 50;                                       // 1..10000
  int64_t cluster_engines = 0;                                // 0..100000
  int64_t engines_per_user = 10;                              // 0..10000
  int64_t engines_per_group = 10;                             // 0..10000
  int64_t queued_launches = 100;                              // 1..100000
  Duration queue_timeout = std::chrono::minutes(1);           // 0s..1h
  bool operator==(const LimitsConfig&) const = default;
};

struct StoreConfig {
  Path file = "<state>/foxfire.db";
  int64_t queue = 100000;                            // records, 1..10000000
  Duration retention = std::chrono::hours(24) * 90;  // 1h..3650d
  bool operator==(const StoreConfig&) const = default;
};

struct LogConfig {
  std::string level = "info";  // trace, debug, info, warn or error
  Path file;                   // "": standard error
  bool json = false;           // one JSON object a line
  bool operator==(const LogConfig&) const = default;
};

struct Config {
  ServerConfig server;
  TlsConfig tls;
  AdminConfig admin;
  HttpConfig http;
  ZooKeeperConfig zookeeper;
  AuthConfig auth;
  EngineConfig engine;
  std::map<std::string, ProfileConfig> profiles = {{kDefaultProfile, {}}};  // by name
  std::map<std::string, OwnerConfig> groups;                                // by name
  std::map<std::string, OwnerConfig> users;                                 // by name
  RoutingConfig routing;
  std::map<std::string, RouteConfig> routes;  // by name
  SessionConfig session;
  LimitsConfig limits;
  StoreConfig store;
  LogConfig log;
  bool operator==(const Config&) const = default;
};

}  // namespace foxfire::server
