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
inline constexpr const char* kEnginePrestarted = "engine_prestarted";  // ahead of its user
inline constexpr const char* kEngineReady = "engine_ready";            // registered, takes calls
inline constexpr const char* kEngineKillAsked = "engine_kill_asked";
inline constexpr const char* kEngineStopped = "engine_stopped";     // ended in order
inline constexpr const char* kEngineLost = "engine_lost";           // ended without a word
inline constexpr const char* kEngineNotFound = "engine_not_found";  // by its cluster manager
inline constexpr const char* kEngineDrainAsked = "engine_drain_asked";
inline constexpr const char* kEngineRegistered = "engine_registered";  // by an administrator
inline constexpr const char* kEngineUnregistered = "engine_unregistered";
inline constexpr const char* kEngineHung = "engine_hung";  // accepts calls, answers none
inline constexpr const char* kSpareReady = "spare_ready";  // a JVM waits for an owner
inline constexpr const char* kSpareEnded = "spare_ended";  // without ever having had one
inline constexpr const char* kSpareBindFailed = "spare_bind_failed";
inline constexpr const char* kConfigReloaded = "config_reloaded";  // after SIGHUP
inline constexpr const char* kConfigRejected = "config_rejected";  // everything stays as it was
inline constexpr const char* kZooKeeperLost = "zookeeper_lost";
inline constexpr const char* kZooKeeperBack = "zookeeper_back";

}  // namespace foxfire::server::event
