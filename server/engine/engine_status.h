// What the broker says of an engine.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/engine_key.h"
#include "common/ids.h"
#include "common/secret.h"

namespace foxfire::server {

enum class EngineState { kLaunching, kReady, kStopping, kDead };
inline constexpr std::array kEngineStates = {EngineState::kLaunching, EngineState::kReady,
                                             EngineState::kStopping, EngineState::kDead};

// "launching", "ready", "stopping", "dead"
std::string_view EngineStateName(EngineState state);

// Where calls go. A value type.
struct LiveEngine {
  EngineId id;
  std::string host;
  uint16_t port = 0;
  Secret secret;  // the bearer token that the engine expects

  std::string Endpoint() const { return host + ":" + std::to_string(port); }
};
using LiveEnginePtr = std::shared_ptr<const LiveEngine>;

// What admin commands see of an engine. A value type.
struct EngineStatus {
  EngineId id;
  EngineKey key;
  EngineState state = EngineState::kLaunching;
  std::string endpoint;  // empty while launching
  int64_t pid = 0;
  bool is_local = false;  // the pid counts on this machine
  std::string application_id;
  std::string spark_version;
  WallTime started_at;
  std::string run_as;                 // whom Spark works as
  std::string submission_id;          // by which its cluster manager knows it; may be empty
  std::string health;                 // "ok", "silent: …", "hung: …"; empty: not probed yet
  bool is_draining = false;           // takes no new sessions
  bool is_registered = false;         // somebody else started it; an admin made it known
  std::optional<uint64_t> rss_bytes;  // of local engines
};

}  // namespace foxfire::server
