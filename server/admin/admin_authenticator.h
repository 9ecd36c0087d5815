// The caller of an admin call: the same bearer tokens as on the data plane.
#pragma once

#include <grpcpp/server_context.h>

#include <string>

#include "auth/auth_stats.h"
#include "auth/token_verifier.h"
#include "common/clock.h"
#include "common/metrics.h"
#include "common/result.h"
#include "server/admin/caller.h"
#include "server/store/refusal_log.h"

namespace foxfire::server {

// Decides who calls, not what they may do. Thread-safe.
class AdminAuthenticator {
 public:
  // All borrowed, must outlive this.
  AdminAuthenticator(const auth::TokenVerifier& verifier, EventStore& store, const Clock& clock,
                     Metrics& metrics);

  // UNAUTHENTICATED in the same words whatever the reason; that goes to log and event.
  Result<Caller> Authenticate(const grpc::ServerContext& context) const;

 private:
  const auth::TokenVerifier& verifier_;
  mutable auth::AuthStats stats_;  // provides its own synchronization
  mutable RefusalLog refusals_;    // too
};

// "127.0.0.1:51234" of gRPC's "ipv4:127.0.0.1:51234"; "[::1]:51234" of "ipv6:%5B::1%5D:51234".
std::string AddressOfPeer(const std::string& peer);

}  // namespace foxfire::server
