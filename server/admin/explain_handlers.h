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
                  EngineBroker& broker)
      : keys_(keys), tokens_(tokens), broker_(broker) {}

  // PERMISSION_DENIED for somebody else, unless the caller is an administrator; and whatever the
  // user's own call would be refused with.
  Result<pb::ExplainResponse> Explain(const Caller& caller, const pb::ExplainRequest& request,
                                      const CallLimits& limits);

 private:
  // Those of the user's newest token that is in force.
  std::vector<std::string> GroupsOf(const UserId& user) const;

  const EngineKeyOptions& keys_;
  const auth::TokenStore& tokens_;
  EngineBroker& broker_;
};

}  // namespace foxfire::server
