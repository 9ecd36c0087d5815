#include "server/admin/explain_handlers.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "common/text.h"
#include "server/admin/pending_answer.h"

namespace foxfire::server {
std::string OutcomeOf(const LaunchOutlook& outlook) {
  if (outlook.engine) return "new sessions go to this engine";
  if (outlook.launch) {
    const LaunchStatus& launch = *outlook.launch;
    if (launch.place) {
      return fmt::format("its launch waits for room, at place {}: {}", *launch.place,
                         launch.waits_for);
    }
    return fmt::format("it is being started, {} calls wait: {}", launch.callers, launch.waits_for);
  }
  if (outlook.failure) {
    return "its last launch has just failed, and callers hear so for a moment: " +
           outlook.failure->message;
  }
  if (!outlook.shortage.empty()) {
    return "none is running, and a launch would wait for room: " + outlook.shortage;
  }
  return "none is running; the first call starts one";
}

Result<LaunchOutlook> OutlookOf(EngineBroker& broker, const EngineKey& key,
                                const CallLimits& limits) {
  const auto pending = std::make_shared<PendingAnswer<LaunchOutlook>>();
  broker.Foresee(key, [pending](LaunchOutlook outlook) { pending->Set(std::move(outlook)); });
  return pending->Await(limits, "the gateway is too busy to answer; try again");
}

Result<pb::ExplainResponse> ExplainHandlers::Explain(const Caller& caller,
                                                     const pb::ExplainRequest& request,
                                                     const CallLimits& limits) {
  ASSIGN_OR_RETURN(const EngineChooser::Chosen chosen,
                   chooser_.Choose(caller, QuestionOf(request)));
  ASSIGN_OR_RETURN(const LaunchOutlook outlook, OutlookOf(broker_, chosen.choice.key, limits));
  pb::ExplainResponse response;
  response.set_user(ToUtf8(chosen.principal.user.str()));
  for (const std::string& group : chosen.principal.groups) response.add_groups(ToUtf8(group));
  response.set_rules(ToUtf8(chosen.choice.rules));
  response.set_key(ToUtf8(chosen.choice.key.ToString()));
  response.set_run_as(ToUtf8(chosen.choice.run_as));
  if (outlook.engine) response.set_engine_id(outlook.engine->str());
  response.set_outcome(ToUtf8(OutcomeOf(outlook)));
  response.set_prestart(chosen.choice.prestart);
  return response;
}

}  // namespace foxfire::server
