#include "server/admin/engine_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "common/text.h"
#include "common/units.h"
#include "discovery/records.h"
#include "server/admin/pending_answer.h"
#include "server/admin/visibility.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDefaultGrace = 10s;
constexpr Duration kLongestGrace = 1h;
constexpr size_t kLongestReason = 500;
constexpr uint32_t kDefaultLogLines = 100;
constexpr uint32_t kMostLogLines = 10000;
constexpr const char* kTooBusy = "the gateway is too busy to answer; try again";
constexpr size_t kEndedEngines = 1000;  // whose logs may still be asked for

Result<Duration> GraceOf(const pb::KillEngineRequest& request) {
  if (!request.has_grace_ms()) return kDefaultGrace;
  if (request.grace_ms() < 0 || request.grace_ms() > kLongestGrace / 1ms) {
    return MakeError(Code::kInvalidArgument, fmt::format("the grace must be between 0s and {}",
                                                         FormatDuration(kLongestGrace)));
  }
  return std::chrono::milliseconds(request.grace_ms());
}

EngineStatus LeftOut(const discovery::EngineRecord& record) {
  EngineStatus status;
  status.id = record.id;
  status.key = record.key;
  status.state = EngineState::kDead;
  status.endpoint = discovery::FormatEndpoint({record.host, record.port});
  status.run_as = record.run_as;
  status.health = "left out: the gateway's log says why";
  status.is_registered = true;
  return status;
}

}  // namespace

Result<EngineStatus> ResolveEngine(const Caller& caller, const EngineBroker& broker,
                                   const EngineUsage& usage, const std::string& engine_id) {
  const std::vector<EngineStatus> engines = broker.List();
  std::vector<IdCandidate> candidates;
  for (const EngineStatus& engine : engines) {
    candidates.push_back(
        {engine.id.str(), usage.IsVisible(*caller.principal, engine.key), engine.id.str()});
  }
  ASSIGN_OR_RETURN(const size_t found, ResolveId("engine", engine_id, candidates));
  return engines[found];
}

KillRequest OrderOf(const Caller& caller, const std::string& reason, Duration grace) {
  KillRequest order;
  order.by = caller.user();
  order.address = caller.address;
  order.reason = ToOneLine(reason, kLongestReason);
  if (order.reason.empty()) order.reason = "no reason given";
  order.grace = grace;
  return order;
}

EngineHandlers::EngineHandlers(EngineBroker& broker, const discovery::EngineDirectory& directory,
                               const SessionManager& sessions, EventStore& store,
                               const Clock& clock)
    : broker_(broker), directory_(directory), sessions_(sessions), store_(store), clock_(clock) {}

Result<pb::ListEnginesResponse> EngineHandlers::List(const Caller& caller,
                                                     const pb::ListEnginesRequest& request,
                                                     const CallLimits& limits) {
  ASSIGN_OR_RETURN(const std::string user, VisibleUser(*caller.principal, request.user()));
  const EngineUsage usage(sessions_.List());
  const WallTime now = clock_.WallNow();
  pb::ListEnginesResponse response;
  for (const EngineStatus& engine : broker_.List()) {
    if (!user.empty() && !usage.IsOwner(UserId(user), engine.key)) continue;
    *response.add_engines() = ToMessage(engine, usage.Of(engine.id), now);
  }
  RETURN_IF_ERROR(AddFailures(user, limits, response));
  if (!user.empty()) return response;
  AddLeftOut(response);
  RETURN_IF_ERROR(AddSpares(limits, response));
  return response;
}

Result<void> EngineHandlers::AddFailures(const std::string& user, const CallLimits& limits,
                                         pb::ListEnginesResponse& response) {
  const auto pending = std::make_shared<PendingAnswer<std::vector<LaunchFailure>>>();
  broker_.ListFailures(
      [pending](std::vector<LaunchFailure> list) { pending->Set(std::move(list)); });
  ASSIGN_OR_RETURN(const std::vector<LaunchFailure> failures, pending->Await(limits, kTooBusy));
  for (const LaunchFailure& failure : failures) {
    if (user.empty() || failure.key.User() == user) *response.add_failures() = ToMessage(failure);
  }
  return {};
}

Result<void> EngineHandlers::AddSpares(const CallLimits& limits,
                                       pb::ListEnginesResponse& response) {
  const auto pending = std::make_shared<PendingAnswer<std::vector<SpareStatus>>>();
  broker_.ListSpares([pending](std::vector<SpareStatus> list) { pending->Set(std::move(list)); });
  ASSIGN_OR_RETURN(const std::vector<SpareStatus> spares, pending->Await(limits, kTooBusy));
  for (const SpareStatus& spare : spares) *response.add_spares() = ToMessage(spare);
  return {};
}

// Their nodes are there, but this gateway cannot use them.
void EngineHandlers::AddLeftOut(pb::ListEnginesResponse& response) const {
  std::set<std::string> known;
  for (const pb::Engine& engine : response.engines()) known.insert(engine.engine_id());
  const auto view = directory_.View();
  for (const auto& [key, records] : view->engines) {
    for (const discovery::EngineRecord& record : records) {
      if (!record.is_registered() || known.count(record.id.str()) > 0) continue;
      *response.add_engines() = ToMessage(LeftOut(record), {}, clock_.WallNow());
    }
  }
}

Result<pb::ShowEngineResponse> EngineHandlers::Show(const Caller& caller,
                                                    const pb::ShowEngineRequest& request) const {
  const EngineUsage usage(sessions_.List());
  ASSIGN_OR_RETURN(const EngineStatus engine,
                   ResolveEngine(caller, broker_, usage, request.engine_id()));
  pb::ShowEngineResponse response;
  *response.mutable_engine() = ToMessage(engine, usage.Of(engine.id), clock_.WallNow());
  return response;
}

Result<pb::ListLaunchesResponse> EngineHandlers::Launches(const Caller& caller,
                                                          const pb::ListLaunchesRequest& request,
                                                          const CallLimits& limits) {
  ASSIGN_OR_RETURN(const std::string user, VisibleUser(*caller.principal, request.user()));
  const auto pending = std::make_shared<PendingAnswer<std::vector<LaunchStatus>>>();
  broker_.ListLaunches(
      [pending](std::vector<LaunchStatus> list) { pending->Set(std::move(list)); });
  ASSIGN_OR_RETURN(const std::vector<LaunchStatus> launches, pending->Await(limits, kTooBusy));
  pb::ListLaunchesResponse response;
  for (const LaunchStatus& launch : launches) {
    if (user.empty() || launch.key.User() == user) *response.add_launches() = ToMessage(launch);
  }
  return response;
}

Result<pb::KillEngineResponse> EngineHandlers::Kill(const Caller& caller,
                                                    const pb::KillEngineRequest& request,
                                                    const CallLimits& limits) {
  ASSIGN_OR_RETURN(const Duration grace, GraceOf(request));
  ASSIGN_OR_RETURN(
      const EngineStatus engine,
      ResolveEngine(caller, broker_, EngineUsage(sessions_.List()), request.engine_id()));
  // What an administrator has registered, only one may take away.
  if (engine.is_registered)
    RETURN_IF_ERROR(RequireAdmin(*caller.principal, "ending the use of a registered engine"));
  const auto pending = std::make_shared<PendingAnswer<Result<KillOutcome>>>();
  broker_.Kill(engine.id, OrderOf(caller, request.reason(), grace),
               [pending](Result<KillOutcome> ended) { pending->Set(std::move(ended)); });
  ASSIGN_OR_RETURN(const Result<KillOutcome> answer,
                   pending->Await(limits, fmt::format("engine {} has been asked to stop but still "
                                                      "runs: see its state with \"foxfire engine "
                                                      "show\"",
                                                      engine.id.str())));
  ASSIGN_OR_RETURN(const KillOutcome outcome, answer);
  pb::KillEngineResponse response;
  response.set_engine_id(outcome.id.str());
  response.set_key(outcome.key.ToString());
  response.set_forced(outcome.forced);
  response.set_sessions(static_cast<int64_t>(outcome.sessions));
  response.set_open_calls(outcome.open_calls);
  response.set_still_runs(outcome.still_runs);
  response.set_not_found(outcome.not_found);
  return response;
}

Result<std::string> EngineHandlers::Logs(const Caller& caller,
                                         const pb::EngineLogsRequest& request) const {
  if (request.lines() > kMostLogLines) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("at most {} lines of a log can be asked for", kMostLogLines));
  }
  ASSIGN_OR_RETURN(const EngineId engine, ResolveWithEnded(caller, request.engine_id()));
  return broker_.LogTail(engine, request.lines() == 0 ? kDefaultLogLines : request.lines());
}

Result<EngineId> EngineHandlers::ResolveWithEnded(const Caller& caller,
                                                  const std::string& engine_id) const {
  const EngineUsage usage(sessions_.List());
  std::vector<IdCandidate> candidates;
  std::set<std::string> known;
  for (const EngineStatus& engine : broker_.List()) {
    known.insert(engine.id.str());
    candidates.push_back({engine.id.str(), usage.IsVisible(*caller.principal, engine.key), ""});
  }
  ASSIGN_OR_RETURN(const std::vector<EngineRow> rows, store_.ListEngines(kEndedEngines));
  for (const EngineRow& row : rows) {
    const auto key = EngineKey::Parse(row.key);
    if (!key || !known.insert(row.engine_id).second) continue;
    candidates.push_back({row.engine_id, usage.IsVisible(*caller.principal, *key), ""});
  }
  ASSIGN_OR_RETURN(const size_t found, ResolveId("engine", engine_id, candidates));
  return EngineId(candidates[found].id);
}

}  // namespace foxfire::server
