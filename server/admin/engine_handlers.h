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

// Thread-safe; each call may block its thread.
class EngineHandlers {
 public:
  // All borrowed, must outlive this.
  EngineHandlers(EngineBroker& broker, const SessionManager& sessions, EventStore& store,
                 const Clock& clock);

  Result<pb::ListEnginesResponse> List(const Caller& caller,
                                       const pb::ListEnginesRequest& request) const;
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
  Result<EngineStatus> Resolve(const Caller& caller, const EngineUsage& usage,
                               const std::string& engine_id) const;
  Result<EngineId> ResolveWithEnded(const Caller& caller, const std::string& engine_id) const;

  EngineBroker& broker_;
  const SessionManager& sessions_;
  EventStore& store_;
  const Clock& clock_;
};

}  // namespace foxfire::server
