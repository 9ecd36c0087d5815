// The types of events, as `foxfire event list` shows them. Documented in docs/operations.md.
#pragma once

namespace foxfire::server::event {

inline constexpr const char* kGatewayStarted = "gateway_started";
inline constexpr const char* kGatewayStopped = "gateway_stopped";
inline constexpr const char* kAuthRefused = "auth_refused";
inline constexpr const char* kTokenCreated = "token_created";
inline constexpr const char* kTokenRevoked = "token_revoked";
inline constexpr const char* kSessionOpened = "session_opened";
inline constexpr const char* kSessionClosed = "session_closed";    // by its client or an admin
inline constexpr const char* kSessionLost = "session_lost";        // its engine died
inline constexpr const char* kSessionExpired = "session_expired";  // idle too long
inline constexpr const char* kOperationStarted = "operation_started";
inline constexpr const char* kOperationFinished = "operation_finished";
inline constexpr const char* kEngineLaunching = "engine_launching";
inline constexpr const char* kEngineLaunchFailed = "engine_launch_failed";
inline constexpr const char* kEngineReady = "engine_ready";  // registered, takes calls
inline constexpr const char* kEngineKillAsked = "engine_kill_asked";
inline constexpr const char* kEngineStopped = "engine_stopped";  // ended in order
inline constexpr const char* kEngineLost = "engine_lost";        // ended without a word
inline constexpr const char* kZooKeeperLost = "zookeeper_lost";
inline constexpr const char* kZooKeeperBack = "zookeeper_back";

}  // namespace foxfire::server::event
