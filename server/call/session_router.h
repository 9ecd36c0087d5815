// (user, session id) → engine: the session's own, the one of the user's engine key, or a new one.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "common/executor.h"
#include "common/published.h"
#include "discovery/engine_directory.h"
#include "server/call/call.h"
#include "server/call/engine_key_policy.h"
#include "server/call/opening_sessions.h"
#include "server/engine/engine_broker.h"
#include "server/session/binding_keeper.h"
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
  std::string config = {};                             // Envelope::config
  bool answered = false;                               // Envelope::answered
  std::shared_ptr<const std::atomic<bool>> over = {};  // Call::over; null: it never is
};

struct RouterOptions {
  EngineKeyOptions keys;
  // Active ones that this gateway knows, and those that it is opening.
  size_t sessions_per_user = 1000;    // limits.sessions_per_user
  size_t sessions_per_engine = 1000;  // limits.sessions_per_engine
};

// Thread-safe; never blocks.
class SessionRouter {
 public:
  // All borrowed, must outlive this and every callback.
  SessionRouter(RouterOptions options, SessionManager& sessions, EngineBroker& broker,
                discovery::EngineDirectory& directory, BindingKeeper& bindings, Executor& core,
                Metrics& metrics);

  // In force for calls from now on; sessions that are bound stay where they are.
  void SetKeys(EngineKeyOptions keys);
  const Published<EngineKeyOptions>& keys() const { return keys_; }

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
  void Forget(const PendingPtr& pending, const SessionPtr& session);
  void LookUpBinding(const PendingPtr& pending);
  void OpenBound(const PendingPtr& pending, const discovery::SessionBinding& binding);
  void NotInView(const PendingPtr& pending, const discovery::SessionBinding& binding);
  void Guess(const PendingPtr& pending, const Error& why);
  void WithoutSession(const PendingPtr& pending);
  void AcquireEngine(const PendingPtr& pending);
  void Bind(const PendingPtr& pending, const LiveEnginePtr& engine);
  void Bound(const PendingPtr& pending, const discovery::SessionBinding& binding,
             const LiveEnginePtr& engine, const Result<discovery::SessionBinding>& bound);
  // Nobody waits for the answer any more; and answered.
  static bool IsOver(const PendingPtr& pending);
  bool UserHasRoom(const PendingPtr& pending) const;
  bool EngineHasRoom(const PendingPtr& pending, const EngineId& engine) const;
  // False, and answered, if the user or the engine has as many sessions as they may.
  bool CheckUser(const PendingPtr& pending);
  bool CheckEngine(const PendingPtr& pending, const EngineId& engine);
  // `is_older`: the binding was there before this call.
  void Open(const PendingPtr& pending, const discovery::SessionBinding& binding,
            const LiveEnginePtr& engine, bool is_older);

  const RouterOptions options_;
  Published<EngineKeyOptions> keys_;  // instead of options_.keys
  SessionManager& sessions_;
  EngineBroker& broker_;
  discovery::EngineDirectory& directory_;
  BindingKeeper& bindings_;
  Executor& core_;
  OpeningSessions opening_;  // confined to `core`
  Counter& over_user_sessions_;
  Counter& over_engine_sessions_;
};

}  // namespace foxfire::server
