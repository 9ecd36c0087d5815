#include "server/call/session_router.h"

#include <fmt/format.h>

#include "common/log.h"
#include "server/limit_refusals.h"

namespace foxfire::server {
namespace {

// Of a session that is bound to an engine: SESSION_CHANGED would be a guess, and for good.
Error NotReadYet() {
  return {Code::kUnavailable, "where engines are is being read from ZooKeeper; try again"};
}

}  // namespace

struct SessionRouter::Pending {
  RouteRequest request;
  EngineChoice choice;
  RouteCallback done;

  void Fail(const Error& error) const {
    const bool helps_to_wait = error.code == Code::kResourceExhausted;
    done(tl::unexpected(helps_to_wait ? StatusWithRetry(error) : StatusOf(error)));
  }
};

SessionRouter::SessionRouter(RouterOptions options, SessionManager& sessions, EngineBroker& broker,
                             discovery::EngineDirectory& directory, Executor& core,
                             Metrics& metrics)
    : options_(std::move(options)),
      sessions_(sessions),
      broker_(broker),
      directory_(directory),
      core_(core),
      over_user_sessions_(LimitRefusals(metrics, "limits.sessions_per_user")),
      over_engine_sessions_(LimitRefusals(metrics, "limits.sessions_per_engine")) {}

std::optional<RouteResult> SessionRouter::RouteNow(const MethodTraits& method, const UserId& user,
                                                   const SessionId& session_id) const {
  SessionPtr session = sessions_.Find(user, session_id);
  if (session == nullptr || session->forgettable()) return std::nullopt;
  const SessionState state = session->state();
  if (state != SessionState::kActive && !session->may_reconnect()) {
    return tl::unexpected(SessionChanged(session_id.str(), "the session has ended"));
  }
  const EngineBroker::Lookup found = broker_.FindEngine(session->info().engine);
  switch (found.presence) {
    case EngineBroker::Presence::kLive:
      return Route{found.engine, std::move(session)};
    case EngineBroker::Presence::kUnknown:
      return std::nullopt;
    case EngineBroker::Presence::kGone:
      break;
  }
  if (state != SessionState::kActive && method.may_launch) return std::nullopt;
  sessions_.End(session, SessionState::kLost, "its engine is gone");
  if (session->forgettable()) return std::nullopt;
  return tl::unexpected(SessionChanged(session_id.str(), "its engine has ended"));
}

void SessionRouter::RouteLater(RouteRequest request, RouteCallback done) {
  auto pending = std::make_shared<Pending>();
  pending->request = std::move(request);
  pending->done = std::move(done);
  const RouteRequest& r = pending->request;
  auto choice = ChooseEngine(options_.keys, *r.principal, r.session_id.str(), r.wish);
  if (!choice) return pending->Fail(choice.error());
  pending->choice = *std::move(choice);
  broker_.AwaitSync([this, pending] { Resolve(pending); });
}

void SessionRouter::Resolve(const PendingPtr& pending) {
  const RouteRequest& request = pending->request;
  if (auto known = RouteNow(*request.method, request.principal->user, request.session_id)) {
    return pending->done(*std::move(known));
  }
  const SessionPtr session = sessions_.Find(request.principal->user, request.session_id);
  if (session != nullptr && session->forgettable()) return ForgetAndResolve(pending, session);
  if (request.method->may_launch) {
    const EngineBroker::Lookup found = broker_.FindFor(pending->choice.key);
    // Binding answers with an older binding if there is one, so it need not be looked up first;
    // unless there is no room for a new one.
    const bool has_room =
        sessions_.ActiveOf(request.principal->user) < options_.sessions_per_user &&
        found.engine != nullptr &&
        sessions_.ActiveOn(found.engine->id) < options_.sessions_per_engine;
    if (has_room) return Bind(pending, found.engine);
  }
  LookUpBinding(pending);
}

// The engine of a session that has never had an answer is gone: as if the session had not been.
void SessionRouter::ForgetAndResolve(const PendingPtr& pending, const SessionPtr& session) {
  sessions_.Forget(session);
  directory_.UnbindSession(session->info().user, session->info().id,
                           [this, pending](const Result<void>& unbound) {
                             core_.Post([this, pending, unbound] {
                               if (!unbound) return pending->Fail(unbound.error());
                               Resolve(pending);
                             });
                           });
}

void SessionRouter::LookUpBinding(const PendingPtr& pending) {
  directory_.FindSession(
      pending->request.principal->user, pending->request.session_id,
      [this, pending](const Result<std::optional<discovery::SessionBinding>>& found) {
        core_.Post([this, pending, found] {
          // While ZooKeeper is away a session that this gateway does not know counts as new.
          if (!found || !*found) return WithoutSession(pending);
          OpenBound(pending, **found);
        });
      });
}

void SessionRouter::OpenBound(const PendingPtr& pending, const discovery::SessionBinding& binding) {
  const EngineBroker::Lookup engine = broker_.FindEngine(binding.engine);
  if (engine.presence == EngineBroker::Presence::kLive)
    return Open(pending, binding, engine.engine);
  if (engine.presence == EngineBroker::Presence::kUnknown) return pending->Fail(NotReadYet());
  pending->done(tl::unexpected(SessionChanged(binding.session.str(), "its engine has ended")));
}

void SessionRouter::WithoutSession(const PendingPtr& pending) {
  if (pending->request.method->may_launch) return AcquireEngine(pending);
  const EngineBroker::Lookup found = broker_.FindFor(pending->choice.key);
  if (found.presence == EngineBroker::Presence::kLive) {
    // The engine says best what it does not know; no session is opened by asking it.
    return pending->done(Route{found.engine, nullptr});
  }
  pending->Fail(
      {Code::kNotFound,
       fmt::format("no engine is running for {}, and {} does not start one",
                   pending->request.principal->user.str(), pending->request.method->name)});
}

// Waiting does not help: it is for the user to stop some.
bool SessionRouter::HasRoom(const PendingPtr& pending) {
  const UserId& user = pending->request.principal->user;
  if (sessions_.ActiveOf(user) < options_.sessions_per_user) return true;
  over_user_sessions_.Increment();
  pending->done(tl::unexpected(StatusOf(
      {Code::kResourceExhausted,
       fmt::format(
           "{} has {} sessions already (limits.sessions_per_user): stop some, with stop() or "
           "\"foxfire session close\"",
           user.str(), options_.sessions_per_user)})));
  return false;
}

void SessionRouter::AcquireEngine(const PendingPtr& pending) {
  if (!HasRoom(pending)) return;
  broker_.Acquire(pending->choice.key, pending->choice.run_as,
                  [this, pending](const Result<LiveEnginePtr>& engine) {
                    if (!engine) return pending->Fail(engine.error());
                    Bind(pending, *engine);
                  });
}

void SessionRouter::Bind(const PendingPtr& pending, const LiveEnginePtr& engine) {
  if (!HasRoom(pending)) return;
  if (sessions_.ActiveOn(engine->id) >= options_.sessions_per_engine) {
    over_engine_sessions_.Increment();
    return pending->Fail(
        {Code::kResourceExhausted,
         fmt::format("the engine of {} has {} sessions already (limits.sessions_per_engine)",
                     pending->choice.key.owner, options_.sessions_per_engine)});
  }
  const RouteRequest& request = pending->request;
  discovery::SessionBinding binding{request.principal->user, request.session_id,
                                    pending->choice.key, engine->id, core_.clock().WallNow()};
  directory_.BindSession(
      binding, [this, pending, binding, engine](const Result<discovery::SessionBinding>& bound) {
        core_.Post([this, pending, binding, engine, bound] {
          if (bound && bound->engine != engine->id) return OpenBound(pending, *bound);
          if (!bound) {
            Log("router").warn("other gateways will not know a session: {} session={}",
                               bound.error().message, binding.session.str());
          }
          Open(pending, binding, engine);
        });
      });
}

void SessionRouter::Open(const PendingPtr& pending, const discovery::SessionBinding& binding,
                         const LiveEnginePtr& engine) {
  const RouteRequest& request = pending->request;
  SessionPtr session = sessions_.Open({binding.user, binding.session, binding.key, binding.engine,
                                       binding.created_at, request.client, request.peer});
  if (session->info().engine == engine->id) {
    // It may have died while the binding was written.
    const EngineBroker::Lookup still = broker_.FindEngine(engine->id);
    const bool gone = still.presence == EngineBroker::Presence::kGone;
    if (gone && !session->answered()) return ForgetAndResolve(pending, session);
    return pending->done(Route{engine, std::move(session)});
  }
  // Another call of the same session was quicker.
  const EngineBroker::Lookup other = broker_.FindEngine(session->info().engine);
  if (other.presence == EngineBroker::Presence::kLive) {
    return pending->done(Route{other.engine, std::move(session)});
  }
  if (other.presence == EngineBroker::Presence::kUnknown) return pending->Fail(NotReadYet());
  pending->done(tl::unexpected(SessionChanged(request.session_id.str(), "its engine has ended")));
}

}  // namespace foxfire::server
