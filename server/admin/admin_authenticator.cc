#include "server/admin/admin_authenticator.h"

#include <iterator>
#include <string_view>
#include <utility>

#include "auth/bearer.h"
#include "common/encoding.h"

namespace foxfire::server {
namespace {

tl::expected<std::string_view, auth::AuthRefusal> TokenOf(const grpc::ServerContext& context) {
  const auto [first, last] = context.client_metadata().equal_range("authorization");
  if (first == last) return tl::unexpected(auth::AuthRefusal::kMissing);
  if (std::next(first) != last) return tl::unexpected(auth::AuthRefusal::kMalformed);
  return auth::BearerToken(std::string_view(first->second.data(), first->second.size()));
}

}  // namespace

AdminAuthenticator::AdminAuthenticator(const auth::TokenVerifier& verifier, EventStore& store,
                                       const Clock& clock, Metrics& metrics)
    : verifier_(verifier), stats_(metrics), refusals_(store, clock) {}

Result<Caller> AdminAuthenticator::Authenticate(const grpc::ServerContext& context) const {
  std::string address = AddressOfPeer(context.peer());
  const auto token = TokenOf(context);
  // The verifier counts what it decides itself.
  if (!token) stats_.CountRefusal(token.error());
  auto principal = token ? verifier_.Verify(*token) : tl::unexpected(token.error());
  if (!principal) {
    refusals_.Write(AuthRefusalName(principal.error()), address, " (admin API)");
    return MakeError(Code::kUnauthenticated, auth::kRefusalMessage);
  }
  return Caller{*std::move(principal), std::move(address)};
}

std::string AddressOfPeer(const std::string& peer) {
  const auto decoded = PercentDecode(peer);
  std::string address = decoded.value_or(peer);
  for (const std::string_view scheme : {"ipv4:", "ipv6:"}) {
    if (address.rfind(scheme, 0) == 0) return address.substr(scheme.size());
  }
  return address;
}

}  // namespace foxfire::server
