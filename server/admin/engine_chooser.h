// Whose engine a command is about: what `explain` and `start` have in common.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "auth/token_store.h"
#include "common/published.h"
#include "common/result.h"
#include "server/admin/caller.h"
#include "server/call/engine_key_policy.h"

namespace foxfire::server {

// Where a key names the session.
inline constexpr const char* kSomeSession = "new-session";

// Whose session, and what its client asks for. A value type.
struct EngineQuestion {
  std::string user;                 // empty: the caller
  std::vector<std::string> groups;  // none: those of the user's newest token
  EngineWish wish;
};

// From an ExplainRequest or a StartEngineRequest.
template <typename Request>
EngineQuestion QuestionOf(const Request& request) {
  EngineQuestion question;
  question.user = request.user();
  question.groups = {request.groups().begin(), request.groups().end()};
  question.wish.share_level = request.share_level();
  question.wish.profile = request.profile();
  question.wish.subdomain = request.subdomain();
  question.wish.team = request.team();
  question.wish.environment = request.environment();
  return question;
}

// Thread-safe.
class EngineChooser {
 public:
  struct Chosen {
    auth::Principal principal;
    EngineChoice choice;
  };

  // Borrowed, must outlive this.
  EngineChooser(const Published<EngineKeyOptions>& keys, const auth::TokenStore& tokens)
      : keys_(keys), tokens_(tokens) {}

  // The engine of that user's next new session. PERMISSION_DENIED for somebody else or other
  // groups, unless the caller is an administrator; and whatever the user's own call would be
  // refused with.
  Result<Chosen> Choose(const Caller& caller, const EngineQuestion& question) const;

 private:
  Result<auth::Principal> PrincipalOf(const Caller& caller, const EngineQuestion& question) const;

  const Published<EngineKeyOptions>& keys_;
  const auth::TokenStore& tokens_;
};

}  // namespace foxfire::server
