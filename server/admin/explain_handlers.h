// Which engine somebody would get, and why; without a transport.
#pragma once

#include <string>
#include <vector>

#include "auth/token_store.h"
#include "common/result.h"
#include "proto/admin.pb.h"
#include "server/admin/caller.h"
#include "server/call/engine_key_policy.h"
#include "server/engine/engine_broker.h"

namespace foxfire::server {

namespace pb = ::foxfire::admin::v1;

// Thread-safe; each call may block its thread.
class ExplainHandlers {
 public:
  // Borrowed, must outlive this.
  ExplainHandlers(const EngineKeyOptions& keys, const auth::TokenStore& tokens,
                  EngineBroker& broker, const Clock& clock)
      : keys_(keys), tokens_(tokens), broker_(broker), clock_(clock) {}

  // PERMISSION_DENIED for somebody else or other groups, unless the caller is an administrator; and
  // whatever the user's own call would be refused with.
  Result<pb::ExplainResponse> Explain(const Caller& caller, const pb::ExplainRequest& request,
                                      const CallLimits& limits);

 private:
  // Whose engine is asked for.
  Result<auth::Principal> PrincipalOf(const Caller& caller,
                                      const pb::ExplainRequest& request) const;
  // Those of the user's newest token that is in force.
  std::vector<std::string> GroupsOf(const UserId& user) const;

  const EngineKeyOptions& keys_;
  const auth::TokenStore& tokens_;
  EngineBroker& broker_;
  const Clock& clock_;
};

}  // namespace foxfire::server
