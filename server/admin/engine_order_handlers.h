// The admin calls that start engines and let them run out, without a transport.
#pragma once

#include "common/clock.h"
#include "common/result.h"
#include "server/admin/caller.h"
#include "server/admin/engine_chooser.h"
#include "server/admin/messages.h"
#include "server/engine/engine_broker.h"
#include "server/id_counts.h"
#include "server/session/session_manager.h"

namespace foxfire::server {

// Thread-safe; each call may block its thread.
class EngineOrderHandlers {
 public:
  // All borrowed, must outlive this.
  EngineOrderHandlers(const EngineChooser& chooser, EngineBroker& broker,
                      const SessionManager& sessions, const Clock& clock)
      : chooser_(chooser), broker_(broker), sessions_(sessions), clock_(clock) {}

  // Waits until the engine takes calls, unless the request says otherwise; if the caller leaves
  // first, it is started all the same. Errors are EngineChooser's and EngineBroker::Acquire's, of
  // which whoever does not wait hears those that come at once.
  Result<pb::StartEngineResponse> Start(const Caller& caller, const pb::StartEngineRequest& request,
                                        const CallLimits& limits);
  Result<pb::DrainEngineResponse> Drain(const Caller& caller, const pb::DrainEngineRequest& request,
                                        const CallLimits& limits);

 private:
  const EngineChooser& chooser_;
  EngineBroker& broker_;
  const SessionManager& sessions_;
  const Clock& clock_;
  IdCounts<UserId> waiting_;  // orders that wait for an engine
};

}  // namespace foxfire::server
