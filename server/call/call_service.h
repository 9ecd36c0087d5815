// Everything that decides about a call, for the transport that carries it: who is calling, where it
// goes, what to answer when something breaks, what to remember.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "auth/auth_stats.h"
#include "auth/token_verifier.h"
#include "common/executor.h"
#include "common/metrics.h"
#include "server/call/call.h"
#include "server/call/call_stats.h"
#include "server/call/session_router.h"
#include "server/id_counts.h"
#include "server/session/binding_keeper.h"
#include "server/store/event_store.h"
#include "server/store/refusal_log.h"

namespace foxfire::server {

struct CallOptions {
  // Open at the same time.
  size_t calls_per_user = 2000;      // limits.calls_per_user
  size_t operations_per_user = 500;  // limits.operations_per_user
};

// Thread-safe; never blocks. A Call is confined to its loop.
class CallService {
 public:
  // All borrowed, must outlive this and every callback.
  CallService(const CallOptions& options, const auth::TokenVerifier& verifier,
              SessionRouter& router, SessionManager& sessions, EngineBroker& broker,
              BindingKeeper& bindings, EventStore& store, Executor& core, Metrics& metrics);

  // UNIMPLEMENTED for other services, UNAUTHENTICATED in the same words whatever the reason,
  // RESOURCE_EXHAUSTED for users with too many calls: what only ends or asks for something is let
  // in, so that they can get out of that.
  tl::expected<Call, CallStatus> Admit(const CallHead& head);

  // Where the call goes, if that is known already; nullopt: ask RouteLater. INVALID_ARGUMENT
  // without a session id that is a UUID.
  std::optional<RouteResult> RouteNow(const Call& call, const Envelope& envelope);

  // Asks engines and ZooKeeper. Also for a call whose engine turned out to be dead before it had
  // answered. `wish` counts if its session turns out to be new. `done` is called once, on another
  // thread.
  void RouteLater(Call& call, const Envelope& envelope, EngineWish wish, RouteCallback done);

  // It is on its way to the engine.
  void Routed(Call& call, const Route& route);
  // It did not reach that engine after all; RouteLater follows.
  void Unrouted(Call& call);
  // Its first message has been read to the end.
  void Began(Call& call, const Envelope& envelope);
  // A moment later: an operation's beginning goes into the event log, once it has an engine. A
  // shorter one is there with its end only.
  void StillRuns(Call& call);
  // Its client hears something of the engine: a message, or that all went well.
  void Answered(Call& call);
  // The engine's answer to a call that clones its session, whole.
  void Cloned(const Call& call, std::string_view answer);
  // Once for every admitted call, whoever ended it.
  void Ended(Call& call, Code code);

  // Nobody listens on the engine's port: the engine is dead, and so is the session.
  void EngineIsDead(const EngineId& engine, const std::string& how);
  // True if a call that met a dead engine may be routed again, because its client has not had any
  // answer in this session yet.
  static bool MayRouteAgain(const Call& call);
  // What the client of a dead engine hears.
  static CallStatus EngineDiedStatus(const Call& call);

 private:
  void Refused(const CallHead& head, auth::AuthRefusal refusal);
  static EventRecord EventOf(const char* type, const Call& call, WallTime time);

  const CallOptions options_;
  const auth::TokenVerifier& verifier_;
  SessionRouter& router_;
  SessionManager& sessions_;
  EngineBroker& broker_;
  BindingKeeper& bindings_;
  EventStore& store_;
  Executor& core_;
  CallStats stats_;
  IdCounts<UserId> user_calls_;
  IdCounts<UserId> user_operations_;
  auth::AuthStats auth_stats_;
  RefusalLog refusals_;
};

}  // namespace foxfire::server
