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
    profile.spark_conf = from.spark_conf;
    profile.spark_conf.emplace("spark.master", from.master);
    profile.environment = from.environment;
    profile.java_options = from.java_options;
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

EngineOptions EngineOptionsOf(const Config& config) {
  EngineOptions options;
  options.launch_timeout = config.engine.launch_timeout;
  options.launch_backoff = config.engine.launch_backoff;
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
  for (const auto& [name, sharing] : config.groups) options.groups[name] = RulesOf(sharing);
  for (const auto& [name, sharing] : config.users) options.users[name] = RulesOf(sharing);
  options.profiles.clear();
  for (const auto& [name, profile] : config.profiles) options.profiles.insert(name);
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
  return options;
}

}  // namespace foxfire::server
