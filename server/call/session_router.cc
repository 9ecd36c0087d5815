#include "server/call/session_router.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/limit_refusals.h"

namespace foxfire::server {
namespace {

// Of a session that is bound to an engine: SESSION_CHANGED would be a guess, and for good.
Error NotReadYet() {
  return {Code::kUnavailable, "where engines are is being read from ZooKeeper; try again"};
}

Error NotFoundYet(const SessionId& session) {
  return {Code::kUnavailable,
          fmt::format("which engine has session {} is written in ZooKeeper, which does not answer; "
                      "try again",
                      session.str())};
}

}  // namespace

struct SessionRouter::Pending {
  RouteRequest request;
  EngineChoice choice;
  std::optional<Error> refusal;  // why there is no choice: of new sessions only
  RouteCallback done;

  // There is an engine with this session, and `found` cannot say which one.
  template <typename T>
  bool IsElsewhere(const Result<T>& found) const {
    return request.answered && !found && found.error().code == Code::kUnavailable;
  }
  // Which route a session has taken, only its first Config request may have said.
  bool KnowsItsKey(const RoutingRules& routing) const {
    const EngineWish& wish = request.wish;
    return !refusal && (routing.routes.empty() || !wish.team.empty() || !wish.environment.empty());
  }
  void Fail(const Error& error) const {
    const bool helps_to_wait = error.code == Code::kResourceExhausted;
    done(tl::unexpected(helps_to_wait ? StatusWithRetry(error) : StatusOf(error)));
  }
};

SessionRouter::SessionRouter(RouterOptions options, SessionManager& sessions, EngineBroker& broker,
                             discovery::EngineDirectory& directory, BindingKeeper& bindings,
                             Executor& core, Metrics& metrics)
    : options_(std::move(options)),
      keys_(std::make_shared<EngineKeyOptions>(options_.keys)),
      sessions_(sessions),
      broker_(broker),
      directory_(directory),
      bindings_(bindings),
      core_(core),
      over_user_sessions_(LimitRefusals(metrics, "limits.sessions_per_user")),
      over_engine_sessions_(LimitRefusals(metrics, "limits.sessions_per_engine")) {}

void SessionRouter::SetKeys(EngineKeyOptions keys) {
  keys_.Set(std::make_shared<EngineKeyOptions>(std::move(keys)));
}

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
  RouteRequest& r = pending->request;
  const EngineKeyOptions& keys = keys_.Current();
  TakeHeadersFromConfig(keys.routing, r.config, r.wish);
  auto choice = ChooseEngine(keys, *r.principal, r.session_id.str(), r.wish);
  if (choice) {
    pending->choice = *std::move(choice);
  } else {
    pending->refusal = choice.error();
  }
  broker_.AwaitSync([this, pending] { Resolve(pending); });
}

void SessionRouter::Resolve(const PendingPtr& pending) {
  const RouteRequest& request = pending->request;
  if (auto known = RouteNow(*request.method, request.principal->user, request.session_id)) {
    return pending->done(*std::move(known));
  }
  const SessionPtr session = sessions_.Find(request.principal->user, request.session_id);
  if (session != nullptr && session->forgettable()) return ForgetAndResolve(pending, session);
  // A session that is not new is looked up first: it is no load of the engine that a new one would
  // go to, and if ZooKeeper does not answer, nobody knows whether that one has been written.
  if (request.method->may_launch && !pending->refusal && !request.answered) {
    const LiveEnginePtr engine = broker_.Choose(DemandOf(pending->choice));
    // Binding answers with an older binding if there is one, so it need not be looked up first;
    // unless there is no room for a new one.
    const bool has_room =
        engine != nullptr && UserHasRoom(pending) && EngineHasRoom(pending, engine->id);
    if (has_room) return Bind(pending, engine);
  }
  LookUpBinding(pending);
}

// The engine of a session that has never had an answer here is gone: as if the session had not
// been. Unless another gateway has used it, so there may have been an answer. Or that one has bound
// it anew meanwhile; that stays.
void SessionRouter::ForgetAndResolve(const PendingPtr& pending, const SessionPtr& session) {
  using Found = std::optional<discovery::SessionBinding>;
  const SessionInfo& info = session->info();
  directory_.FindSession(info.user, info.id, [this, pending, session](const Result<Found>& found) {
    core_.Post([this, pending, session, found] {
      if (!found && found.error().code == Code::kUnavailable) return pending->Fail(found.error());
      const bool is_bound = found && *found && (*found)->engine == session->info().engine;
      if (!is_bound) {
        sessions_.Forget(session);
        return Resolve(pending);
      }
      if (pending->request.answered || BindingKeeper::IsUsedElsewhere(*session, **found))
        session->Answered();
      if (!session->answered()) return Forget(pending, session);
      sessions_.End(session, SessionState::kLost, "its engine is gone");
      pending->done(
          tl::unexpected(SessionChanged(session->info().id.str(), "its engine has ended")));
    });
  });
}

// Not before it is unbound: its binding would be taken for that of a session with an answer.
void SessionRouter::Forget(const PendingPtr& pending, const SessionPtr& session) {
  const SessionInfo& info = session->info();
  directory_.UnbindSession(info.user, info.id,
                           [this, pending, session](const Result<void>& unbound) {
                             core_.Post([this, pending, session, unbound] {
                               if (!unbound) return pending->Fail(unbound.error());
                               sessions_.Forget(session);
                               Resolve(pending);
                             });
                           });
}

void SessionRouter::LookUpBinding(const PendingPtr& pending) {
  directory_.FindSession(
      pending->request.principal->user, pending->request.session_id,
      [this, pending](const Result<std::optional<discovery::SessionBinding>>& found) {
        core_.Post([this, pending, found] {
          if (pending->IsElsewhere(found)) return Guess(pending, found.error());
          // While ZooKeeper is away any other session that this gateway does not know counts as
          // new.
          if (!found || !*found) return WithoutSession(pending);
          OpenBound(pending, **found);
        });
      });
}

void SessionRouter::OpenBound(const PendingPtr& pending, const discovery::SessionBinding& binding) {
  const EngineBroker::Lookup engine = broker_.FindEngine(binding.engine);
  if (engine.presence == EngineBroker::Presence::kLive)
    return Open(pending, binding, engine.engine, true);
  if (engine.presence == EngineBroker::Presence::kUnknown) return pending->Fail(NotReadYet());
  NotInView(pending, binding);
}

// The engine may have registered a moment ago, and the view may be behind: SESSION_CHANGED is for
// good, so ZooKeeper is asked.
void SessionRouter::NotInView(const PendingPtr& pending, const discovery::SessionBinding& binding) {
  using Ids = Result<std::vector<EngineId>>;
  directory_.EnginesOf(binding.key, [this, pending, binding](const Ids& registered) {
    core_.Post([this, pending, binding, registered] {
      if (!registered) return pending->Fail(NotReadYet());
      const bool is_there =
          std::find(registered->begin(), registered->end(), binding.engine) != registered->end();
      if (is_there && !broker_.HasEnded(binding.engine)) return pending->Fail(NotReadYet());
      pending->done(tl::unexpected(SessionChanged(binding.session.str(), "its engine has ended")));
    });
  });
}

// Any other engine would have nothing of the session. If there is only one, it compares what the
// client has observed with what it is, so a wrong guess ends as SESSION_CHANGED.
void SessionRouter::Guess(const PendingPtr& pending, const Error& why) {
  const RouteRequest& request = pending->request;
  const LiveEnginePtr only = pending->KnowsItsKey(keys_.Current().routing)
                                 ? broker_.FindOnly(pending->choice.key)
                                 : nullptr;
  if (only == nullptr) return pending->Fail(NotFoundYet(request.session_id));
  if (!request.method->may_launch) return pending->done(Route{only, nullptr});
  if (IsOver(pending) || !CheckUser(pending) || !CheckEngine(pending, only->id)) return;
  const discovery::SessionBinding binding{request.principal->user, request.session_id,
                                          pending->choice.key, only->id, core_.clock().WallNow()};
  Open(pending, binding, only, false);
  bindings_.BindLater(binding, why);
}

void SessionRouter::WithoutSession(const PendingPtr& pending) {
  if (pending->refusal) return pending->Fail(*pending->refusal);
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

bool SessionRouter::IsOver(const PendingPtr& pending) {
  const auto& over = pending->request.over;
  if (over == nullptr || !over->load(std::memory_order_relaxed)) return false;
  pending->Fail({Code::kCancelled, "the call has ended while it waited"});
  return true;
}

// A session that is being opened has its place already.
bool SessionRouter::UserHasRoom(const PendingPtr& pending) const {
  const UserId& user = pending->request.principal->user;
  return opening_.Has(user, pending->request.session_id) ||
         sessions_.ActiveOf(user) + opening_.Of(user) < options_.sessions_per_user;
}

bool SessionRouter::EngineHasRoom(const PendingPtr& pending, const EngineId& engine) const {
  return opening_.Has(pending->request.principal->user, pending->request.session_id) ||
         sessions_.ActiveOn(engine) + opening_.On(engine) < options_.sessions_per_engine;
}

// Waiting does not help: it is for the user to stop some.
bool SessionRouter::CheckUser(const PendingPtr& pending) {
  if (UserHasRoom(pending)) return true;
  over_user_sessions_.Increment();
  pending->done(tl::unexpected(StatusOf(
      {Code::kResourceExhausted,
       fmt::format(
           "{} has {} sessions already (limits.sessions_per_user): stop some, with stop() or "
           "\"foxfire session close\"",
           pending->request.principal->user.str(), options_.sessions_per_user)})));
  return false;
}

bool SessionRouter::CheckEngine(const PendingPtr& pending, const EngineId& engine) {
  if (EngineHasRoom(pending, engine)) return true;
  over_engine_sessions_.Increment();
  pending->Fail(
      {Code::kResourceExhausted,
       fmt::format("the engine of {} has {} sessions already (limits.sessions_per_engine)",
                   pending->choice.key.owner, options_.sessions_per_engine)});
  return false;
}

void SessionRouter::AcquireEngine(const PendingPtr& pending) {
  if (IsOver(pending) || !CheckUser(pending)) return;
  broker_.Acquire(
      DemandOf(pending->choice),
      [this, pending](const Result<LiveEnginePtr>& engine) {
        if (!engine) return pending->Fail(engine.error());
        Bind(pending, *engine);
      },
      pending->request.over);
}

void SessionRouter::Bind(const PendingPtr& pending, const LiveEnginePtr& engine) {
  if (IsOver(pending) || !CheckUser(pending) || !CheckEngine(pending, engine->id)) return;
  const RouteRequest& request = pending->request;
  discovery::SessionBinding binding{request.principal->user, request.session_id,
                                    pending->choice.key, engine->id, core_.clock().WallNow()};
  if (opening_.Begin(binding.user, binding.session, engine->id)) broker_.NoteNewSession(engine->id);
  directory_.BindSession(binding, [this, pending, binding,
                                   engine](const Result<discovery::SessionBinding>& bound) {
    core_.Post([this, pending, binding, engine, bound] { Bound(pending, binding, engine, bound); });
  });
}

void SessionRouter::Bound(const PendingPtr& pending, const discovery::SessionBinding& binding,
                          const LiveEnginePtr& engine,
                          const Result<discovery::SessionBinding>& bound) {
  const bool is_older =
      bound && (bound->engine != engine->id || bound->created_at != binding.created_at);
  if (const auto done = opening_.End(binding.user, binding.session, !is_older))
    broker_.NoteSessionOpened(done->engine, done->is_new);
  if (pending->IsElsewhere(bound)) return Guess(pending, bound.error());
  if (bound && bound->engine != engine->id) return OpenBound(pending, *bound);
  Open(pending, binding, engine, is_older);
  // Other gateways will know it later.
  if (!bound) bindings_.BindLater(binding, bound.error());
}

void SessionRouter::Open(const PendingPtr& pending, const discovery::SessionBinding& binding,
                         const LiveEnginePtr& engine, bool is_older) {
  const RouteRequest& request = pending->request;
  const bool is_unknown = sessions_.Find(binding.user, binding.session) == nullptr;
  SessionPtr session = sessions_.Open({binding.user, binding.session, binding.key, binding.engine,
                                       binding.created_at, request.client, request.peer});
  // Another gateway may have answered it, and then it must not move to a new engine unnoticed.
  if (is_older && is_unknown) {
    session->Answered();
    bindings_.NoteUse(session, core_.clock().WallNow());
  }
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
