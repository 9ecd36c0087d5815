#include "server/gateway_options.h"

#include <fmt/format.h>

namespace foxfire::server {
namespace {

SharingRules RulesOf(const SharingConfig& config) {
  SharingRules rules;
  rules.share_level = config.share_level;
  for (const std::string& level : config.client_share_levels) {
    if (const auto parsed = ParseShareLevel(level)) rules.client_share_levels.insert(*parsed);
  }
  rules.profile = config.profile;
  rules.client_profiles = {config.client_profiles.begin(), config.client_profiles.end()};
  rules.pool_size = static_cast<size_t>(config.pool_size);
  rules.pool_load = config.pool_load;
  rules.prestart = config.prestart;
  return rules;
}

SharingRules RulesOf(const OwnerConfig& config) {
  SharingRules rules = RulesOf(config.sharing);
  rules.spark_conf = config.overrides.spark_conf;
  if (config.overrides.driver_memory != 0)
    rules.overrides.driver_memory = config.overrides.driver_memory;
  rules.overrides.queue = config.overrides.queue;
  rules.overrides.environment = config.overrides.environment;
  return rules;
}

RoutingRules RoutingRulesOf(const Config& config) {
  RoutingRules rules;
  rules.team_header = config.routing.header_team;
  rules.environment_header = config.routing.header_environment;
  for (const auto& [name, from] : config.routes) {
    EngineRoute route;
    route.name = name;
    route.team = from.team;
    route.environment = from.environment;
    route.group = from.group;
    route.profile = from.profile;
    route.subdomain = from.subdomain;
    route.allowed_groups = {from.for_groups.begin(), from.for_groups.end()};
    rules.routes.push_back(std::move(route));
  }
  return rules;
}

}  // namespace

std::vector<launcher::EngineProfile> ProfilesOf(const Config& config) {
  std::vector<launcher::EngineProfile> profiles;
  for (const auto& [name, from] : config.profiles) {
    launcher::EngineProfile profile;
    profile.name = name;
    profile.spark_home = from.spark_home;
    profile.java_home = from.java_home;
    profile.python = from.python.command;
    profile.driver_memory = from.driver_memory;
    profile.launcher = from.launcher;
    profile.master = from.master;
    profile.deploy_mode = from.deploy_mode;
    profile.run_as = from.run_as;
    profile.queue = from.queue;
    profile.kubernetes_namespace = from.kubernetes_namespace;
    profile.engine_jar = from.engine_jar;
    profile.zookeeper_digest_file = from.zookeeper_digest_file;
    profile.bind_address = from.bind_address;
    profile.advertise_host = from.advertise_host;
    profile.launch_command = from.launch_command;
    profile.kill_command = from.kill_command;
    profile.warm_spares = static_cast<size_t>(from.warm_spares);
    profile.java_options = from.java_options;
    profile.class_path = from.class_path;
    profile.spark_conf = from.spark_conf;
    profile.environment = from.environment;
    profile.cds_archive = config.engine.prepare_archive;
    profiles.push_back(std::move(profile));
  }
  return profiles;
}

launcher::LauncherOptions LauncherOptionsOf(const Config& config) {
  launcher::LauncherOptions options;
  options.state_folder = config.server.state_folder / "engines";
  options.cache_folder = config.server.state_folder / "cache";
  options.engine_jar = config.engine.jar;
  options.kept_folders = static_cast<size_t>(config.engine.kept_logs);
  options.zookeeper_connect = ZooKeeperConnectOf(config);
  options.zookeeper_root = config.zookeeper.root;
  options.zookeeper_digest_file = config.zookeeper.digest_file;
  options.zookeeper_session_timeout = config.zookeeper.session_timeout;
  options.zookeeper_lost = config.engine.lost_timeout;
  // The gateway gives up first and says why; this is for engines whose gateway is gone.
  options.start_max = 2 * config.engine.launch_timeout;
  options.idle_timeout = config.engine.idle_timeout;
  options.max_lifetime = config.engine.max_lifetime;
  options.drain_grace = config.engine.drain_grace;
  options.bind_address = config.engine.bind_address;
  options.advertise_host = config.engine.advertise_host;
  return options;
}

launcher::EmbeddedZooKeeperOptions EmbeddedZooKeeperOptionsOf(const Config& config) {
  launcher::EmbeddedZooKeeperOptions options;
  options.folder = config.server.state_folder / "zookeeper";
  options.port = static_cast<uint16_t>(config.zookeeper.embedded_port);
  for (const launcher::EngineProfile& profile : ProfilesOf(config)) {
    if (profile.name == kDefaultProfile) options.profile = profile;
  }
  return options;
}

std::string ZooKeeperConnectOf(const Config& config) {
  if (!config.zookeeper.embedded) return config.zookeeper.connect;
  return fmt::format("127.0.0.1:{}", config.zookeeper.embedded_port);
}

std::map<std::string, size_t> WarmSparesOf(const Config& config) {
  std::map<std::string, size_t> wanted;
  for (const auto& [name, profile] : config.profiles) {
    if (profile.warm_spares > 0) wanted[name] = static_cast<size_t>(profile.warm_spares);
  }
  return wanted;
}

EngineOptions EngineOptionsOf(const Config& config) {
  EngineOptions options;
  options.launch_timeout = config.engine.launch_timeout;
  options.launch_backoff = config.engine.launch_backoff;
  options.launch_backoff_max = config.engine.launch_backoff_max;
  options.spare_max_age = config.engine.spare_max_age;
  options.probes = {config.engine.probe_interval, config.engine.probe_timeout,
                    static_cast<size_t>(config.engine.probe_failures)};
  options.warm_spares = WarmSparesOf(config);
  options.concurrent_launches = static_cast<size_t>(config.engine.concurrent_launches);
  options.kill_grace = config.engine.kill_grace;
  options.connection_linger = config.engine.connection_linger;
  options.engines_max = static_cast<size_t>(config.limits.engines);
  options.cluster_engines_max = static_cast<size_t>(config.limits.cluster_engines);
  options.engines_per_user = static_cast<size_t>(config.limits.engines_per_user);
  options.engines_per_group = static_cast<size_t>(config.limits.engines_per_group);
  options.queued_max = static_cast<size_t>(config.limits.queued_launches);
  options.queue_timeout = config.limits.queue_timeout;
  options.waiting_max = static_cast<size_t>(config.limits.held_calls);
  options.forget_after = config.engine.drain_grace + std::chrono::minutes(1);
  return options;
}

RouterOptions RouterOptionsOf(const Config& config) {
  RouterOptions router;
  EngineKeyOptions& options = router.keys;
  options.everybody = RulesOf(config.engine.sharing);
  for (const auto& [name, owner] : config.groups) options.groups[name] = RulesOf(owner);
  for (const auto& [name, owner] : config.users) options.users[name] = RulesOf(owner);
  options.profiles.clear();
  for (const auto& [name, profile] : config.profiles) {
    options.profiles.insert(name);
    options.client_conf[name] = profile.client_conf;
  }
  options.routing = RoutingRulesOf(config);
  router.sessions_per_user = static_cast<size_t>(config.limits.sessions_per_user);
  router.sessions_per_engine = static_cast<size_t>(config.limits.sessions_per_engine);
  return router;
}

SessionManagerOptions SessionManagerOptionsOf(const Config& config) {
  return {static_cast<size_t>(config.session.ended_max), config.session.ended_ttl};
}

CallOptions CallOptionsOf(const Config& config) {
  return {static_cast<size_t>(config.limits.calls_per_user),
          static_cast<size_t>(config.limits.operations_per_user)};
}

http2::DataPlaneOptions DataPlaneOptionsOf(const Config& config) {
  http2::DataPlaneOptions options;
  options.loops = static_cast<size_t>(config.server.loops);
  options.connections = static_cast<size_t>(config.limits.connections);
  options.streams_per_connection = static_cast<uint32_t>(config.limits.streams_per_connection);
  options.header_bytes = static_cast<uint32_t>(config.limits.header_bytes);
  options.message_bytes = static_cast<uint32_t>(config.limits.message_bytes);
  options.held_bytes = config.limits.held_bytes;
  options.resets_per_second = static_cast<uint32_t>(config.limits.resets_per_second);
  options.first_message_timeout = config.limits.first_message_timeout;
  options.team_header = config.routing.header_team;
  options.environment_header = config.routing.header_environment;
  return options;
}

}  // namespace foxfire::server
