#include "server/admin/admin_authenticator.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <utility>

#include "auth/bearer.h"
#include "common/encoding.h"
#include "common/log.h"
#include "server/store/event_types.h"

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
    : verifier_(verifier), store_(store), clock_(clock), stats_(metrics) {}

Result<Caller> AdminAuthenticator::Authenticate(const grpc::ServerContext& context) const {
  std::string address = AddressOfPeer(context.peer());
  const auto token = TokenOf(context);
  // The verifier counts what it decides itself.
  if (!token) stats_.CountRefusal(token.error());
  auto principal = token ? verifier_.Verify(*token) : tl::unexpected(token.error());
  if (!principal) {
    Refused(principal.error(), address);
    return MakeError(Code::kUnauthenticated, auth::kRefusalMessage);
  }
  return Caller{*std::move(principal), std::move(address)};
}

void AdminAuthenticator::Refused(auth::AuthRefusal refusal, const std::string& address) const {
  const std::string reason(AuthRefusalName(refusal));
  Log("admin").info("refused reason={} address={}", reason, address);
  EventRecord event;
  event.time = clock_.WallNow();
  event.type = event::kAuthRefused;
  event.address = address;
  event.detail = fmt::format("{} (admin API)", reason);
  store_.Append(std::move(event));
}

std::string AddressOfPeer(const std::string& peer) {
  const auto decoded = PercentDecode(peer);
  const std::string address = decoded.value_or(peer);
  for (const std::string_view scheme : {"ipv4:", "ipv6:"}) {
    if (address.rfind(scheme, 0) == 0) return address.substr(scheme.size());
  }
  return address;
}

}  // namespace foxfire::server
