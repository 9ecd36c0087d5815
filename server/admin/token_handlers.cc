#include "server/admin/token_handlers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <utility>
#include <vector>

#include "common/text.h"
#include "common/units.h"
#include "server/admin/visibility.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLongestTtl = 24h * 3650;
constexpr size_t kLongestName = 200;  // of a user or group in a log line

Result<std::optional<Duration>> TtlOf(const pb::CreateTokenRequest& request) {
  if (!request.has_ttl_ms()) return std::nullopt;
  if (request.ttl_ms() <= 0 || request.ttl_ms() > kLongestTtl / 1ms) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("a token's time to live must be between 1ms and {}",
                                 FormatDuration(kLongestTtl)));
  }
  return std::chrono::milliseconds(request.ttl_ms());
}

std::string StateOf(const auth::TokenRecord& token, WallTime now) {
  if (token.revoked_at) return "revoked";
  return token.expires_at && *token.expires_at <= now ? "expired" : "active";
}

pb::Token ToMessage(const auth::TokenRecord& token, WallTime now) {
  pb::Token message;
  message.set_token_id(ToUtf8(token.id));
  message.set_user(ToUtf8(token.user.str()));
  for (const std::string& group : token.groups) message.add_groups(ToUtf8(group));
  for (const std::string& role : token.roles) message.add_roles(ToUtf8(role));
  message.set_state(StateOf(token, now));
  message.set_created_at_ms(ToUnixMillis(token.created_at));
  if (token.expires_at) message.set_expires_at_ms(ToUnixMillis(*token.expires_at));
  if (token.revoked_at) message.set_revoked_at_ms(ToUnixMillis(*token.revoked_at));
  message.set_created_by(ToUtf8(token.created_by));
  return message;
}

}  // namespace

TokenHandlers::TokenHandlers(auth::TokenStore& tokens, EventStore& store, const Clock& clock,
                             PublicAddress address)
    : tokens_(tokens), store_(store), clock_(clock), address_(std::move(address)) {}

Result<pb::CreateTokenResponse> TokenHandlers::Create(const Caller& caller,
                                                      const pb::CreateTokenRequest& request) {
  RETURN_IF_ERROR(RequireAdmin(*caller.principal, "creating a token"));
  auth::TokenRequest wanted;
  wanted.user = request.user();
  wanted.groups.assign(request.groups().begin(), request.groups().end());
  wanted.roles.assign(request.roles().begin(), request.roles().end());
  ASSIGN_OR_RETURN(wanted.ttl, TtlOf(request));
  wanted.created_by = caller.user();
  ASSIGN_OR_RETURN(const auth::NewToken created, tokens_.Create(wanted));
  Note(event::kTokenCreated, caller,
       fmt::format("token {} for {}, roles: {}, {}", created.id,
                   ToOneLine(wanted.user, kLongestName),
                   wanted.roles.empty() ? "none" : fmt::format("{}", fmt::join(wanted.roles, " ")),
                   created.expires_at ? "expires at " + FormatTime(*created.expires_at)
                                      : "does not expire"));
  pb::CreateTokenResponse response;
  response.set_token(std::string(created.token.Reveal()));
  response.set_connection_string(ConnectionString(address_, created.token.Reveal()));
  response.set_token_id(created.id);
  response.set_user(wanted.user);
  if (created.expires_at) response.set_expires_at_ms(ToUnixMillis(*created.expires_at));
  return response;
}

Result<pb::ListTokensResponse> TokenHandlers::List(const Caller& caller,
                                                   const pb::ListTokensRequest& request) const {
  ASSIGN_OR_RETURN(const std::string user, VisibleUser(*caller.principal, request.user()));
  const WallTime now = clock_.WallNow();
  pb::ListTokensResponse response;
  for (const auth::TokenRecord& token : tokens_.List()) {
    if (user.empty() || token.user.str() == user) *response.add_tokens() = ToMessage(token, now);
  }
  return response;
}

Result<pb::RevokeTokenResponse> TokenHandlers::Revoke(const Caller& caller,
                                                      const pb::RevokeTokenRequest& request) {
  const std::vector<auth::TokenRecord> tokens = tokens_.List();
  std::vector<IdCandidate> candidates;
  for (const auth::TokenRecord& token : tokens) {
    candidates.push_back({token.id,
                          caller.principal->IsAdmin() || token.user == caller.principal->user,
                          fmt::format("{} of {}", token.id, token.user.str())});
  }
  ASSIGN_OR_RETURN(const size_t found, ResolveId("token", request.token_id(), candidates));
  ASSIGN_OR_RETURN(const auth::TokenRecord revoked, tokens_.Revoke(tokens[found].id));
  if (!tokens[found].revoked_at) {
    Note(event::kTokenRevoked, caller,
         fmt::format("token {} of {}", revoked.id, revoked.user.str()));
  }
  pb::RevokeTokenResponse response;
  *response.mutable_token() = ToMessage(revoked, clock_.WallNow());
  return response;
}

void TokenHandlers::Note(const char* type, const Caller& caller, const std::string& detail) {
  EventRecord event;
  event.time = clock_.WallNow();
  event.type = type;
  event.user = caller.user();
  event.address = caller.address;
  event.detail = detail;
  store_.Append(std::move(event));
}

}  // namespace foxfire::server
