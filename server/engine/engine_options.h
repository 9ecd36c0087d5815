// What the broker is told by config.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "common/clock.h"
#include "common/engine_key.h"
#include "engine_launcher/profile.h"
#include "server/engine/engine_prober.h"

namespace foxfire::server {

// What a call needs. A value type.
struct EngineDemand {
  EngineKey key;
  std::string run_as;
  // For an engine that is started because of it, on top of the profile's.
  std::map<std::string, std::string> spark_conf = {};
  bool has_client_conf = false;  // some of it is what one client asked for
  launcher::EngineOverrides overrides = {};
  size_t pool_size = 1;   // engines that the key may have
  int64_t pool_load = 8;  // sessions and operations of each one, from which on another is started
};

struct EngineOptions {
  // What engines of a key have otherwise than their profile, as config says it at the moment: for
  // every engine that its cluster manager is to end, whoever started it, but for a launch that is
  // given up, which has its own. Called on `core`.
  std::function<launcher::EngineOverrides(const EngineKey&)> overrides_of = [](const EngineKey&) {
    return launcher::EngineOverrides{};
  };
  // From the first caller to the engine's registration; then the launch has failed.
  Duration launch_timeout = std::chrono::minutes(3);
  // After a failed launch of a key its callers get the same answer for so long.
  Duration launch_backoff = std::chrono::seconds(5);
  // It doubles with each failure in a row, up to this.
  Duration launch_backoff_max = std::chrono::minutes(1);
  // A spare that has not registered itself so long after it was bound is ended, and an engine
  // launched instead.
  Duration bind_timeout = std::chrono::seconds(15);
  // JVMs of each profile that wait for an owner, and the age at which one is replaced.
  std::map<std::string, size_t> warm_spares = {};
  Duration spare_max_age = std::chrono::hours(1);
  ProbeOptions probes;
  // Launches at the same moment; more make each of them slow (docs/performance.md).
  size_t concurrent_launches = 1;
  // An engine of share level connection ends so long after its session, which may come back.
  Duration connection_linger = std::chrono::seconds(5);
  // For what still runs on an engine that is ended.
  Duration kill_grace = std::chrono::seconds(10);
  // Engines of this gateway, launches included; config key limits.engines.
  size_t engines_max = 50;
  // Of all gateways, as far as they are registered; 0: no limit. limits.cluster_engines
  size_t cluster_engines_max = 0;
  // Of one user (also of their sessions) or one group. limits.engines_per_user, …_group
  size_t engines_per_user = 10;
  size_t engines_per_group = 10;
  // Launches that wait for room, and for how long. limits.queued_launches, limits.queue_timeout
  size_t queued_max = 100;
  Duration queue_timeout = std::chrono::minutes(1);
  // Calls that wait for launches; config key limits.held_calls.
  size_t waiting_max = 1000;
  // An engine of another machine that is no longer registered is given up after so long.
  Duration forget_after = std::chrono::minutes(6);
};

}  // namespace foxfire::server
