#include "server/call/call_service.h"

#include <fmt/format.h>

#include <utility>

#include "auth/bearer.h"
#include "common/units.h"
#include "server/connect/clone_response.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

// What the call may do depends on its first message, too.
const MethodTraits& MethodOf(const Call& call, const Envelope& envelope) {
  return envelope.only_cleans_up ? CleanUpTraits() : *call.method;
}

tl::unexpected<CallStatus> Refuse(Code code, std::string message) {
  return tl::unexpected(StatusOf({code, std::move(message)}));
}

}  // namespace

CallService::CallService(const CallOptions& options, const auth::TokenVerifier& verifier,
                         SessionRouter& router, SessionManager& sessions, EngineBroker& broker,
                         BindingKeeper& bindings, EventStore& store, Executor& core,
                         Metrics& metrics)
    : options_(options),
      verifier_(verifier),
      router_(router),
      sessions_(sessions),
      broker_(broker),
      bindings_(bindings),
      store_(store),
      core_(core),
      stats_(metrics),
      auth_stats_(metrics),
      refusals_(store, core.clock()) {}

tl::expected<Call, CallStatus> CallService::Admit(const CallHead& head) {
  if (head.path.substr(0, kServicePath.size()) != kServicePath ||
      head.path.size() == kServicePath.size()) {
    stats_.CountEnd(Code::kUnimplemented);
    return Refuse(Code::kUnimplemented, fmt::format("{} is not served here: only {}* is",
                                                    head.path.substr(0, 200), kServicePath));
  }
  const auto token =
      auth::BearerToken(head.authorization.empty() ? head.authentication : head.authorization);
  if (!token) auth_stats_.CountRefusal(token.error());
  auto principal = token ? verifier_.Verify(*token) : tl::unexpected(token.error());
  if (!principal) {
    Refused(head, principal.error());
    return Refuse(Code::kUnauthenticated, auth::kRefusalMessage);
  }
  Call call;
  call.method = &TraitsOf(head.path);
  call.principal = *std::move(principal);
  const UserId& user = call.principal->user;
  if (user_calls_.Add(user) > options_.calls_per_user && call.method->may_launch) {
    user_calls_.Remove(user);
    stats_.over_user_limit.Increment();
    stats_.CountEnd(Code::kResourceExhausted);
    return Refuse(Code::kResourceExhausted,
                  fmt::format("{} has {} calls open already (limits.calls_per_user)", user.str(),
                              options_.calls_per_user));
  }
  if (call.method->is_operation && user_operations_.Add(user) > options_.operations_per_user) {
    user_operations_.Remove(user);
    user_calls_.Remove(user);
    stats_.over_user_operations.Increment();
    stats_.CountEnd(Code::kResourceExhausted);
    return tl::unexpected(StatusWithRetry(
        {Code::kResourceExhausted,
         fmt::format("{} has {} operations running already (limits.operations_per_user)",
                     user.str(), options_.operations_per_user)}));
  }
  call.user_agent = head.user_agent;
  call.peer = head.peer;
  call.began = core_.clock().WallNow();
  stats_.open.Increment();
  return call;
}

std::optional<RouteResult> CallService::RouteNow(const Call& call, const Envelope& envelope) {
  if (!IsUuid(envelope.session_id)) {
    return Refuse(Code::kInvalidArgument,
                  "the request's session_id must be a UUID, such as "
                  "00112233-4455-6677-8899-aabbccddeeff");
  }
  return router_.RouteNow(MethodOf(call, envelope), call.principal->user,
                          SessionId(envelope.session_id));
}

void CallService::RouteLater(Call& call, const Envelope& envelope, EngineWish wish,
                             RouteCallback done) {
  if (call.over == nullptr) call.over = std::make_shared<std::atomic<bool>>(false);
  const std::string_view client =
      envelope.client_type.empty() ? std::string_view(call.user_agent) : envelope.client_type;
  router_.RouteLater(
      {&MethodOf(call, envelope), call.principal, SessionId(envelope.session_id), std::move(wish),
       std::string(client), call.peer, std::string(envelope.config), envelope.answered, call.over},
      std::move(done));
}

void CallService::Routed(Call& call, const Route& route) {
  call.engine = route.engine;
  call.session = route.session;
  call.counted = route.session != nullptr;
  if (!call.counted) return;
  call.session->CallBegan(call.began, call.method->is_operation);
  call.reconnects = call.method->may_launch && call.session->may_reconnect();
}

void CallService::Unrouted(Call& call) {
  if (call.counted) call.session->CallEnded(core_.clock().WallNow());
  call.counted = false;
  call.session = nullptr;
}

void CallService::Began(Call& call, const Envelope& envelope) {
  call.operation_id = envelope.operation_id;
  call.operates = call.method->is_operation && call.session != nullptr;
}

void CallService::StillRuns(Call& call) {
  if (!call.operates || !call.counted || std::exchange(call.noted, true)) return;
  store_.Append(EventOf(event::kOperationStarted, call, call.began));
}

void CallService::Answered(Call& call) {
  if (call.session != nullptr) call.session->Answered();
}

// The new session lives where the old one does. Its client may use it in its very next call; other
// gateways hear of it through ZooKeeper a moment later.
void CallService::Cloned(const Call& call, std::string_view answer) {
  const std::string id = ClonedSessionId(answer);
  if (call.session == nullptr || !IsUuid(id)) return;
  SessionInfo info = call.session->info();
  info.id = SessionId(id);
  info.created_at = core_.clock().WallNow();
  const SessionPtr clone = sessions_.Open(info);
  if (clone->info().engine != info.engine) return;  // an id that the user has used before
  clone->Answered();
  bindings_.Bind(info);
}

void CallService::Ended(Call& call, Code code) {
  const WallTime now = core_.clock().WallNow();
  if (call.over != nullptr) call.over->store(true, std::memory_order_relaxed);
  user_calls_.Remove(call.principal->user);
  if (call.method->is_operation) user_operations_.Remove(call.principal->user);
  stats_.open.Decrement();
  stats_.CountEnd(code);
  stats_.seconds.Observe(std::chrono::duration<double>(now - call.began).count());
  if (!call.counted) return;
  call.session->CallEnded(now);
  if (call.operates) {
    EventRecord event = EventOf(event::kOperationFinished, call, now);
    event.detail = fmt::format("{} after {}", CodeName(code), FormatDuration(now - call.began));
    store_.Append(std::move(event));
    store_.Save(OperationRow{call.operation_id, call.session->info().id.str(),
                             call.principal->user.str(), call.engine->id.str(), call.began, now,
                             static_cast<int>(code), call.peer});
  }
  // Released with allow_reconnect, and its engine has taken it up again.
  if (call.reconnects && code == Code::kOk && sessions_.Reopen(call.session)) {
    bindings_.Bind(call.session->info());
  }
  if (call.method->ends_session && code == Code::kOk && sessions_.Release(call.session)) {
    bindings_.Unbind(call.session->info());
  }
}

void CallService::EngineIsDead(const EngineId& engine, const std::string& how) {
  broker_.ReportDead(engine, how);
}

bool CallService::MayRouteAgain(const Call& call) {
  return call.session != nullptr && !call.session->answered();
}

CallStatus CallService::EngineDiedStatus(const Call& call) {
  if (call.session == nullptr) {
    return StatusOf({Code::kNotFound, "the engine has ended; its sessions are gone"});
  }
  // Its client will try this again, and is then bound to a new engine.
  if (!call.session->answered()) {
    return StatusOf({Code::kUnavailable, "the engine ended before it answered; try again"});
  }
  return SessionChanged(call.session->info().id.str(), "its engine has ended");
}

void CallService::Refused(const CallHead& head, auth::AuthRefusal refusal) {
  stats_.CountEnd(Code::kUnauthenticated);
  refusals_.Write(AuthRefusalName(refusal), std::string(head.peer));
}

EventRecord CallService::EventOf(const char* type, const Call& call, WallTime time) {
  EventRecord event;
  event.time = time;
  event.type = type;
  event.user = call.principal->user.str();
  event.session_id = call.session->info().id.str();
  event.engine_id = call.engine->id.str();
  event.operation_id = call.operation_id;
  event.address = call.peer;
  return event;
}

}  // namespace foxfire::server
