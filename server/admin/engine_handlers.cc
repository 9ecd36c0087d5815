#include "server/admin/engine_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "common/units.h"
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
constexpr size_t kEndedEngines = 1000;  // whose logs may still be asked for

Result<Duration> GraceOf(const pb::KillEngineRequest& request) {
  if (!request.has_grace_ms()) return kDefaultGrace;
  if (request.grace_ms() < 0 || request.grace_ms() > kLongestGrace / 1ms) {
    return MakeError(Code::kInvalidArgument, fmt::format("the grace must be between 0s and {}",
                                                         FormatDuration(kLongestGrace)));
  }
  return std::chrono::milliseconds(request.grace_ms());
}

}  // namespace

EngineHandlers::EngineHandlers(EngineBroker& broker, const SessionManager& sessions,
                               EventStore& store, const Clock& clock)
    : broker_(broker), sessions_(sessions), store_(store), clock_(clock) {}

Result<pb::ListEnginesResponse> EngineHandlers::List(const Caller& caller,
                                                     const pb::ListEnginesRequest& request) const {
  ASSIGN_OR_RETURN(const std::string user, VisibleUser(*caller.principal, request.user()));
  const EngineUsage usage(sessions_.List());
  const WallTime now = clock_.WallNow();
  pb::ListEnginesResponse response;
  for (const EngineStatus& engine : broker_.List()) {
    if (!user.empty() && !usage.IsOwner(UserId(user), engine.key)) continue;
    *response.add_engines() = ToMessage(engine, usage.Of(engine.id), now);
  }
  return response;
}

Result<pb::ShowEngineResponse> EngineHandlers::Show(const Caller& caller,
                                                    const pb::ShowEngineRequest& request) const {
  const EngineUsage usage(sessions_.List());
  ASSIGN_OR_RETURN(const EngineStatus engine, Resolve(caller, usage, request.engine_id()));
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
  ASSIGN_OR_RETURN(const std::vector<LaunchStatus> launches,
                   pending->Await(limits, "the gateway is too busy to answer; try again"));
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
  ASSIGN_OR_RETURN(const EngineStatus engine,
                   Resolve(caller, EngineUsage(sessions_.List()), request.engine_id()));
  KillRequest kill;
  kill.by = caller.user();
  kill.address = caller.address;
  kill.reason = ToOneLine(request.reason(), kLongestReason);
  if (kill.reason.empty()) kill.reason = "no reason given";
  kill.grace = grace;
  const auto pending = std::make_shared<PendingAnswer<Result<KillOutcome>>>();
  broker_.Kill(engine.id, kill,
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

Result<EngineStatus> EngineHandlers::Resolve(const Caller& caller, const EngineUsage& usage,
                                             const std::string& engine_id) const {
  const std::vector<EngineStatus> engines = broker_.List();
  std::vector<IdCandidate> candidates;
  for (const EngineStatus& engine : engines) {
    candidates.push_back(
        {engine.id.str(), usage.IsVisible(*caller.principal, engine.key), engine.id.str()});
  }
  ASSIGN_OR_RETURN(const size_t found, ResolveId("engine", engine_id, candidates));
  return engines[found];
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
