// The admin calls about tokens, without a transport.
#pragma once

#include <string>

#include "auth/token_store.h"
#include "common/clock.h"
#include "common/result.h"
#include "server/admin/caller.h"
#include "server/admin/connection_string.h"
#include "server/admin/messages.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// Only administrators make tokens; everybody lists and revokes their own. Thread-safe; each call
// may block its thread.
class TokenHandlers {
 public:
  // All borrowed, must outlive this. `address` is where new connection strings lead.
  TokenHandlers(auth::TokenStore& tokens, EventStore& store, const Clock& clock,
                PublicAddress address);

  Result<pb::CreateTokenResponse> Create(const Caller& caller,
                                         const pb::CreateTokenRequest& request);
  Result<pb::ListTokensResponse> List(const Caller& caller,
                                      const pb::ListTokensRequest& request) const;
  // Revoking a token again changes nothing.
  Result<pb::RevokeTokenResponse> Revoke(const Caller& caller,
                                         const pb::RevokeTokenRequest& request);

 private:
  void Note(const char* type, const Caller& caller, const std::string& detail);

  auth::TokenStore& tokens_;
  EventStore& store_;
  const Clock& clock_;
  const PublicAddress address_;
};

}  // namespace foxfire::server
