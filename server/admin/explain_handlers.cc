#include "server/admin/explain_handlers.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "server/admin/messages.h"
#include "server/admin/pending_answer.h"
#include "server/admin/visibility.h"

namespace foxfire::server {
namespace {

// Where a key names the session.
constexpr const char* kSomeSession = "new-session";

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

}  // namespace

Result<pb::ExplainResponse> ExplainHandlers::Explain(const Caller& caller,
                                                     const pb::ExplainRequest& request,
                                                     const CallLimits& limits) {
  ASSIGN_OR_RETURN(const auth::Principal principal, PrincipalOf(caller, request));
  const EngineWish wish{request.share_level(), request.profile(), request.subdomain()};
  ASSIGN_OR_RETURN(const EngineChoice choice, ChooseEngine(keys_, principal, kSomeSession, wish));

  const auto pending = std::make_shared<PendingAnswer<LaunchOutlook>>();
  broker_.Foresee(choice.key,
                  [pending](LaunchOutlook outlook) { pending->Set(std::move(outlook)); });
  ASSIGN_OR_RETURN(const LaunchOutlook outlook,
                   pending->Await(limits, "the gateway is too busy to answer; try again"));
  pb::ExplainResponse response;
  response.set_user(ToUtf8(principal.user.str()));
  for (const std::string& group : principal.groups) response.add_groups(ToUtf8(group));
  response.set_rules(ToUtf8(choice.rules));
  response.set_key(ToUtf8(choice.key.ToString()));
  response.set_run_as(ToUtf8(choice.run_as));
  if (outlook.engine) response.set_engine_id(outlook.engine->str());
  response.set_outcome(ToUtf8(OutcomeOf(outlook)));
  return response;
}

// Others than administrators hear of their own engines only, and of those of their own groups.
Result<auth::Principal> ExplainHandlers::PrincipalOf(const Caller& caller,
                                                     const pb::ExplainRequest& request) const {
  ASSIGN_OR_RETURN(const std::string visible, VisibleUser(*caller.principal, request.user()));
  if (!caller.principal->IsAdmin()) {
    if (request.groups().empty()) return *caller.principal;
    return MakeError(Code::kPermissionDenied,
                     "only the admin role asks for other groups: leave --group out");
  }
  auth::Principal principal;
  principal.user = UserId(visible.empty() ? caller.user() : visible);
  principal.groups = {request.groups().begin(), request.groups().end()};
  if (principal.groups.empty()) principal.groups = GroupsOf(principal.user);
  return principal;
}

std::vector<std::string> ExplainHandlers::GroupsOf(const UserId& user) const {
  std::vector<std::string> groups;
  const WallTime now = clock_.WallNow();
  for (const auth::TokenRecord& token : tokens_.List()) {
    const bool in_force = !token.revoked_at && (!token.expires_at || *token.expires_at > now);
    if (token.user == user && in_force) groups = token.groups;
  }
  return groups;
}

}  // namespace foxfire::server
