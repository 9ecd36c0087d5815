#include "server/admin/engine_chooser.h"

#include <utility>

#include "server/admin/visibility.h"

namespace foxfire::server {

Result<EngineChooser::Chosen> EngineChooser::Choose(const Caller& caller,
                                                    const EngineQuestion& question) const {
  Chosen chosen;
  ASSIGN_OR_RETURN(chosen.principal, PrincipalOf(caller, question));
  ASSIGN_OR_RETURN(chosen.choice,
                   ChooseEngine(*keys_.Get(), chosen.principal, kSomeSession, question.wish));
  chosen.choice.prestart &= tokens_.PrincipalOf(chosen.principal.user) != nullptr;
  return chosen;
}

// Others than administrators ask about their own engines only, and about those of their own groups.
Result<auth::Principal> EngineChooser::PrincipalOf(const Caller& caller,
                                                   const EngineQuestion& question) const {
  ASSIGN_OR_RETURN(const std::string visible, VisibleUser(*caller.principal, question.user));
  if (!caller.principal->IsAdmin()) {
    if (question.groups.empty()) return *caller.principal;
    return MakeError(Code::kPermissionDenied,
                     "only the admin role asks for other groups: leave --group out");
  }
  auth::Principal principal;
  principal.user = UserId(visible.empty() ? caller.user() : visible);
  principal.groups = question.groups;
  const auth::PrincipalPtr known = tokens_.PrincipalOf(principal.user);
  if (principal.groups.empty() && known != nullptr) principal.groups = known->groups;
  return principal;
}

}  // namespace foxfire::server
