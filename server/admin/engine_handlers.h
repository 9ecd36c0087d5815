// The admin calls about engines, without a transport.
#pragma once

#include <string>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "server/admin/caller.h"
#include "server/admin/engine_usage.h"
#include "server/admin/messages.h"
#include "server/engine/engine_broker.h"
#include "server/session/session_manager.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// The engine that a caller means with an id or the beginning of one; errors are ResolveId's.
Result<EngineStatus> ResolveEngine(const Caller& caller, const EngineBroker& broker,
                                   const EngineUsage& usage, const std::string& engine_id);

// What an engine is told, with a caller's reason made fit for logs.
KillRequest OrderOf(const Caller& caller, const std::string& reason, Duration grace);

// Thread-safe; each call may block its thread.
class EngineHandlers {
 public:
  // All borrowed, must outlive this.
  EngineHandlers(EngineBroker& broker, const discovery::EngineDirectory& directory,
                 const SessionManager& sessions, EventStore& store, const Clock& clock);

  // Also registered engines whose token this gateway cannot open.
  Result<pb::ListEnginesResponse> List(const Caller& caller, const pb::ListEnginesRequest& request,
                                       const CallLimits& limits);
  Result<pb::ShowEngineResponse> Show(const Caller& caller,
                                      const pb::ShowEngineRequest& request) const;
  Result<pb::ListLaunchesResponse> Launches(const Caller& caller,
                                            const pb::ListLaunchesRequest& request,
                                            const CallLimits& limits);
  // Waits for the engine's end. If the caller leaves first, the engine is ended all the same.
  Result<pb::KillEngineResponse> Kill(const Caller& caller, const pb::KillEngineRequest& request,
                                      const CallLimits& limits);
  Result<std::string> Logs(const Caller& caller, const pb::EngineLogsRequest& request) const;

 private:
  // `user`: only what is theirs; empty: everybody's.
  Result<void> AddFailures(const std::string& user, const CallLimits& limits,
                           pb::ListEnginesResponse& response);
  Result<void> AddSpares(const CallLimits& limits, pb::ListEnginesResponse& response);
  void AddLeftOut(pb::ListEnginesResponse& response) const;
  Result<EngineId> ResolveWithEnded(const Caller& caller, const std::string& engine_id) const;

  EngineBroker& broker_;
  const discovery::EngineDirectory& directory_;
  const SessionManager& sessions_;
  EventStore& store_;
  const Clock& clock_;
};

}  // namespace foxfire::server
