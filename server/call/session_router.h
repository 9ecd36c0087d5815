// (user, session id) → engine: the session's own, the one of the user's engine key, or a new one.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/executor.h"
#include "discovery/engine_directory.h"
#include "server/call/call.h"
#include "server/call/engine_key_policy.h"
#include "server/engine/engine_broker.h"
#include "server/session/session_manager.h"

namespace foxfire::server {

// Everything about a call that routing needs; a copy, so that it outlives the call.
struct RouteRequest {
  const MethodTraits* method = nullptr;
  auth::PrincipalPtr principal;
  SessionId session_id;
  EngineWish wish;
  std::string client;  // client_type, else the user-agent
  std::string peer;
};

struct RouterOptions {
  EngineKeyOptions keys;
  // Active ones that this gateway knows.
  size_t sessions_per_user = 1000;    // limits.sessions_per_user
  size_t sessions_per_engine = 1000;  // limits.sessions_per_engine
};

// Thread-safe; never blocks.
class SessionRouter {
 public:
  // All borrowed, must outlive this and every callback.
  SessionRouter(RouterOptions options, SessionManager& sessions, EngineBroker& broker,
                discovery::EngineDirectory& directory, Executor& core, Metrics& metrics);

  const EngineKeyOptions& keys() const { return options_.keys; }

  // What can be said at once: a session that is known. nullopt: ask RouteLater.
  std::optional<RouteResult> RouteNow(const MethodTraits& method, const UserId& user,
                                      const SessionId& session_id) const;

  // Finds out from ZooKeeper, opens a session, starts an engine, as it needs. Errors are those of
  // docs/errors.md. `done` is called once, on some other thread.
  void RouteLater(RouteRequest request, RouteCallback done);

 private:
  struct Pending;
  using PendingPtr = std::shared_ptr<Pending>;

  // All on `core`.
  void Resolve(const PendingPtr& pending);
  void ForgetAndResolve(const PendingPtr& pending, const SessionPtr& session);
  void LookUpBinding(const PendingPtr& pending);
  void OpenBound(const PendingPtr& pending, const discovery::SessionBinding& binding);
  void WithoutSession(const PendingPtr& pending);
  void AcquireEngine(const PendingPtr& pending);
  void Bind(const PendingPtr& pending, const LiveEnginePtr& engine);
  // False, and answered, if the user has as many sessions as they may.
  bool HasRoom(const PendingPtr& pending);
  void Open(const PendingPtr& pending, const discovery::SessionBinding& binding,
            const LiveEnginePtr& engine);

  const RouterOptions options_;
  SessionManager& sessions_;
  EngineBroker& broker_;
  discovery::EngineDirectory& directory_;
  Executor& core_;
  Counter& over_user_sessions_;
  Counter& over_engine_sessions_;
};

}  // namespace foxfire::server
