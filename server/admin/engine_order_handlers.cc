#include "server/admin/engine_order_handlers.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <utility>

#include "common/cleanup.h"
#include "common/text.h"
#include "common/units.h"
#include "server/admin/engine_handlers.h"
#include "server/admin/explain_handlers.h"
#include "server/admin/pending_answer.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDefaultGrace = 1h;
constexpr Duration kLongestGrace = 7 * 24h;
constexpr size_t kMostWaiting = 4;  // orders of one user; each holds a thread of the admin API

Result<Duration> GraceOf(const pb::DrainEngineRequest& request) {
  if (!request.has_grace_ms()) return kDefaultGrace;
  if (request.grace_ms() < 0 || request.grace_ms() > kLongestGrace / 1ms) {
    return MakeError(Code::kInvalidArgument, fmt::format("the grace must be between 0s and {}",
                                                         FormatDuration(kLongestGrace)));
  }
  return std::chrono::milliseconds(request.grace_ms());
}

}  // namespace

Result<pb::StartEngineResponse> EngineOrderHandlers::Start(const Caller& caller,
                                                           const pb::StartEngineRequest& request,
                                                           const CallLimits& limits) {
  ASSIGN_OR_RETURN(const EngineChooser::Chosen chosen,
                   chooser_.Choose(caller, QuestionOf(request)));
  const EngineKey& key = chosen.choice.key;
  if (key.level == ShareLevel::kConnection) {
    return MakeError(Code::kInvalidArgument,
                     "an engine of share level connection begins with its session, and is not "
                     "started before: ask for another --share-level");
  }
  ASSIGN_OR_RETURN(const LaunchOutlook before, OutlookOf(broker_, key, limits));
  const UserId user(caller.user());
  const size_t waiting = waiting_.Add(user);
  const Cleanup no_longer([this, &user] { waiting_.Remove(user); });
  if (waiting > kMostWaiting && !request.no_wait()) {
    return MakeError(
        Code::kResourceExhausted,
        fmt::format("{} orders of yours wait for engines already: add --no-wait", kMostWaiting));
  }
  const auto pending = std::make_shared<PendingAnswer<Result<EngineStatus>>>();
  broker_.Start(DemandOf(chosen.choice),
                [pending](Result<EngineStatus> engine) { pending->Set(std::move(engine)); });
  pb::StartEngineResponse response;
  response.set_key(ToUtf8(key.ToString()));
  response.set_run_as(ToUtf8(chosen.choice.run_as));
  if (request.no_wait() && !before.engine) {
    ASSIGN_OR_RETURN(const LaunchOutlook now, OutlookOf(broker_, key, limits));
    // An order that was refused is answered by then.
    if (const auto answer = pending->Peek(); answer && !*answer)
      return tl::unexpected(answer->error());
    response.set_outcome(ToUtf8(OutcomeOf(now)));
    return response;
  }
  ASSIGN_OR_RETURN(const Result<EngineStatus> answer,
                   pending->Await(limits, fmt::format("the engine {} is still being started: see "
                                                      "\"foxfire engine queue\"",
                                                      key.ToString())));
  ASSIGN_OR_RETURN(const EngineStatus engine, answer);
  const EngineUsage usage(sessions_.List());
  pb::Engine whole = ToMessage(engine, usage.Of(engine.id), clock_.WallNow());
  if (usage.IsVisible(*caller.principal, engine.key)) {
    *response.mutable_engine() = std::move(whole);
  } else {
    // One that others share is shown to administrators only.
    response.mutable_engine()->set_engine_id(whole.engine_id());
    response.mutable_engine()->set_key(whole.key());
    response.mutable_engine()->set_state(whole.state());
  }
  response.set_outcome(before.engine ? "it was there already" : "it has been started");
  return response;
}

Result<pb::DrainEngineResponse> EngineOrderHandlers::Drain(const Caller& caller,
                                                           const pb::DrainEngineRequest& request,
                                                           const CallLimits& limits) {
  ASSIGN_OR_RETURN(const Duration grace, GraceOf(request));
  ASSIGN_OR_RETURN(
      const EngineStatus engine,
      ResolveEngine(caller, broker_, EngineUsage(sessions_.List()), request.engine_id()));
  if (engine.is_registered) {
    return MakeError(Code::kFailedPrecondition,
                     fmt::format("engine {} was started by somebody else and cannot be told to "
                                 "drain: \"foxfire engine unregister\" takes it out of use",
                                 engine.id.str()));
  }
  const auto pending = std::make_shared<PendingAnswer<Result<KillOutcome>>>();
  broker_.Drain(engine.id, OrderOf(caller, request.reason(), grace),
                [pending](Result<KillOutcome> asked) { pending->Set(std::move(asked)); });
  ASSIGN_OR_RETURN(const Result<KillOutcome> answer,
                   pending->Await(limits, fmt::format("engine {} gets no new sessions here, but "
                                                      "has not been told so yet; try again",
                                                      engine.id.str())));
  ASSIGN_OR_RETURN(const KillOutcome outcome, answer);
  pb::DrainEngineResponse response;
  response.set_engine_id(outcome.id.str());
  response.set_key(ToUtf8(outcome.key.ToString()));
  response.set_sessions(static_cast<int64_t>(outcome.sessions));
  response.set_open_calls(outcome.open_calls);
  return response;
}

}  // namespace foxfire::server
