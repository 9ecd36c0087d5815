// Which engine somebody would get, and why; without a transport.
#pragma once

#include <string>

#include "common/result.h"
#include "proto/admin.pb.h"
#include "server/admin/caller.h"
#include "server/admin/engine_chooser.h"
#include "server/engine/engine_broker.h"

namespace foxfire::server {

namespace pb = ::foxfire::admin::v1;

// What would become of a call, for people.
std::string OutcomeOf(const LaunchOutlook& outlook);

// Asks the broker, for as long as the limits allow.
Result<LaunchOutlook> OutlookOf(EngineBroker& broker, const EngineKey& key,
                                const CallLimits& limits);

// Thread-safe; each call may block its thread.
class ExplainHandlers {
 public:
  // Borrowed, must outlive this.
  ExplainHandlers(const EngineChooser& chooser, EngineBroker& broker)
      : chooser_(chooser), broker_(broker) {}

  // Errors are EngineChooser's.
  Result<pb::ExplainResponse> Explain(const Caller& caller, const pb::ExplainRequest& request,
                                      const CallLimits& limits);

 private:
  const EngineChooser& chooser_;
  EngineBroker& broker_;
};

}  // namespace foxfire::server
