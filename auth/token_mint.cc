#include "auth/token_mint.h"

#include <fmt/format.h>

#include "auth/names.h"
#include "common/encoding.h"
#include "common/random.h"
#include "common/units.h"

namespace foxfire::auth {
namespace {

constexpr Duration kMaxTtl = std::chrono::hours(24) * 3650;

Result<void> CheckRequest(const TokenRequest& request) {
  RETURN_IF_ERROR(CheckName(request.user, "the user name"));
  for (const std::string& group : request.groups)
    RETURN_IF_ERROR(CheckName(group, "the name of a group"));
  for (const std::string& role : request.roles) RETURN_IF_ERROR(CheckRole(role));
  if (request.ttl && (*request.ttl < std::chrono::milliseconds(1) || *request.ttl > kMaxTtl))
    return MakeError(Code::kInvalidArgument,
                     fmt::format("the time to live must be between 1ms and {}; without one the "
                                 "token does not expire",
                                 FormatDuration(kMaxTtl)));
  return {};
}

// As the token file keeps it, so that a record reads back as it was written.
WallTime WholeMillis(WallTime time) { return FromUnixMillis(ToUnixMillis(time)); }

}  // namespace

Result<MintedToken> MintToken(const TokenRequest& request, WallTime now) {
  RETURN_IF_ERROR(CheckRequest(request));
  MintedToken minted;
  minted.token = Secret("ff_" + Base64UrlEncode(RandomBytes<32>()));
  TokenRecord& record = minted.record;
  record.id = NewUuid();
  record.sha256 = Sha256(minted.token.Reveal());
  record.user = UserId(request.user);
  record.groups = request.groups;
  record.roles = request.roles;
  record.created_at = WholeMillis(now);
  if (request.ttl)
    record.expires_at =
        WholeMillis(now + std::chrono::duration_cast<WallTime::duration>(*request.ttl));
  record.created_by = request.created_by;
  return minted;
}

}  // namespace foxfire::auth
