// What the broker is told by config.
#pragma once

#include <cstddef>

#include "common/clock.h"

namespace foxfire::server {

struct EngineOptions {
  // From the first caller to the engine's registration; then the launch has failed.
  Duration launch_timeout = std::chrono::minutes(3);
  // After a failed launch of a key its callers get the same answer for so long.
  Duration launch_backoff = std::chrono::seconds(5);
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
