#include "auth/token_store.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "common/file_lock.h"
#include "common/log.h"
#include "common/units.h"

namespace foxfire::auth {
namespace {

// Keys are hashes already.
struct DigestHash {
  size_t operator()(const Sha256Digest& digest) const noexcept {
    size_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
  }
};

PrincipalPtr ToPrincipal(const TokenRecord& token) {
  return std::make_shared<const Principal>(
      Principal{token.user, token.groups, token.roles, "token", token.id, token.expires_at});
}

}  // namespace

struct TokenTable {
  struct Entry {
    PrincipalPtr principal;
    bool revoked = false;
  };

  explicit TokenTable(std::vector<TokenRecord> all) : tokens(std::move(all)) {
    for (const TokenRecord& token : tokens)
      by_hash.emplace(token.sha256, Entry{ToPrincipal(token), token.revoked_at.has_value()});
  }

  const std::vector<TokenRecord> tokens;
  std::unordered_map<Sha256Digest, Entry, DigestHash> by_hash;
};

Path TokenLockPath(const Path& token_file) { return token_file.string() + ".lock"; }

bool TokenStore::Fingerprint::operator==(const Fingerprint& other) const {
  return inode == other.inode && size == other.size && mode == other.mode &&
         modified.tv_sec == other.modified.tv_sec && modified.tv_nsec == other.modified.tv_nsec;
}

Result<std::unique_ptr<TokenStore>> TokenStore::Open(Path file, const Clock& clock,
                                                     Metrics& metrics) {
  ASSIGN_OR_RETURN(Content content, ReadContent(file));
  return std::unique_ptr<TokenStore>(
      new TokenStore(std::move(file), clock, metrics, std::move(content)));
}

TokenStore::TokenStore(Path file, const Clock& clock, Metrics& metrics, Content content)
    : file_(std::move(file)), clock_(clock), stats_(metrics), table_(nullptr) {
  MutexLock lock(disk_);
  Publish(std::move(content));
}

TokenStore::~TokenStore() = default;

tl::expected<PrincipalPtr, AuthRefusal> TokenStore::Verify(std::string_view token) const {
  const auto refuse = [this](AuthRefusal refusal) {
    stats_.CountRefusal(refusal);
    return tl::unexpected(refusal);
  };
  const TokenTable& table = table_.Current();
  const auto found = table.by_hash.find(Sha256(token));
  if (found == table.by_hash.end()) return refuse(AuthRefusal::kUnknown);
  const TokenTable::Entry& entry = found->second;
  if (entry.revoked) return refuse(AuthRefusal::kRevoked);
  const auto& expires_at = entry.principal->expires_at;
  if (expires_at && clock_.WallNow() >= *expires_at) return refuse(AuthRefusal::kExpired);
  stats_.accepted.Increment();
  return entry.principal;
}

std::vector<TokenRecord> TokenStore::List() const { return table_.Get()->tokens; }

PrincipalPtr TokenStore::PrincipalOf(const UserId& user) const {
  const auto table = table_.Get();
  const WallTime now = clock_.WallNow();
  const auto newest = std::find_if(
      table->tokens.rbegin(), table->tokens.rend(), [&user, now](const TokenRecord& token) {
        const bool in_force = !token.revoked_at && (!token.expires_at || *token.expires_at > now);
        return token.user == user && in_force;
      });
  return newest == table->tokens.rend() ? nullptr : ToPrincipal(*newest);
}

Result<NewToken> TokenStore::Create(const TokenRequest& request) {
  ASSIGN_OR_RETURN(MintedToken minted, MintToken(request, clock_.WallNow()));
  RETURN_IF_ERROR(Change([&minted](std::vector<TokenRecord>& tokens) -> Result<void> {
    tokens.push_back(minted.record);
    return {};
  }));
  Log("auth").info("token created id={} user={} by={}", minted.record.id, request.user,
                   request.created_by);
  return NewToken{std::move(minted.token), minted.record.id, minted.record.expires_at};
}

Result<TokenRecord> TokenStore::Revoke(const std::string& id) {
  TokenRecord revoked;
  const WallTime now = FromUnixMillis(ToUnixMillis(clock_.WallNow()));  // as the file keeps it
  RETURN_IF_ERROR(Change([&](std::vector<TokenRecord>& tokens) -> Result<void> {
    const auto token = std::find_if(tokens.begin(), tokens.end(),
                                    [&id](const TokenRecord& one) { return one.id == id; });
    if (token == tokens.end()) return MakeError(Code::kNotFound, "there is no token with that id");
    if (!token->revoked_at) token->revoked_at = now;
    revoked = *token;
    return {};
  }));
  Log("auth").info("token revoked id={} user={}", revoked.id, revoked.user.str());
  return revoked;
}

// Applies `change` to what is on disk now, which another gateway may have written.
Result<void> TokenStore::Change(
    const std::function<Result<void>(std::vector<TokenRecord>&)>& change) {
  MutexLock lock(disk_);
  auto file_lock = FileLock::Take(TokenLockPath(file_), kTokenLockPatience);
  if (!file_lock) return WithContext(std::move(file_lock).error(), "changing the token file");
  ASSIGN_OR_RETURN(Content content, ReadContent(file_));
  RETURN_IF_ERROR(change(content.tokens));
  RETURN_IF_ERROR(WriteTokenFile(file_, content.tokens));
  content.fingerprint = FingerprintOf(file_).value_or(Fingerprint{});
  Publish(std::move(content));
  return {};
}

void TokenStore::ReloadIfChanged() {
  MutexLock lock(disk_);
  const auto now = FingerprintOf(file_);
  if (now && fingerprint_ == now) return;
  auto content = ReadContent(file_);
  if (content) {
    Publish(*std::move(content));
    Log("auth").info("token file read again file={}", file_.string());
    return;
  }
  // Read again at the next call, whatever the reason was.
  fingerprint_.reset();
  MutexLock state(state_);
  if (problem_ == content.error()) return;
  problem_ = content.error();
  Log("auth").error("the tokens read before remain in force: {}", problem_->message);
}

Result<void> TokenStore::Health() const {
  MutexLock lock(state_);
  if (!problem_) return {};
  return tl::unexpected(*problem_);
}

void TokenStore::Publish(Content content) {
  fingerprint_ = content.fingerprint;
  table_.Set(std::make_shared<const TokenTable>(std::move(content.tokens)));
  MutexLock state(state_);
  problem_.reset();
}

std::optional<TokenStore::Fingerprint> TokenStore::FingerprintOf(const Path& file) {
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) return std::nullopt;
  return Fingerprint{info.st_ino, info.st_size, info.st_mode, info.st_mtim};
}

Result<TokenStore::Content> TokenStore::ReadContent(const Path& file) {
  Content content;
  // Before the file is read: what changes meanwhile is read again.
  content.fingerprint = FingerprintOf(file).value_or(Fingerprint{});
  auto tokens = ReadTokenFile(file);
  if (!tokens && tokens.error().code == Code::kNotFound)
    return MakeError(Code::kFailedPrecondition,
                     fmt::format("token file {}: it does not exist: restore it from a backup; or "
                                 "start foxfired with auth.bootstrap_admin_file set, which makes "
                                 "one with an administrator's token",
                                 file.string()));
  if (!tokens) return tl::unexpected(std::move(tokens).error());
  content.tokens = *std::move(tokens);
  return content;
}

}  // namespace foxfire::auth
