// The tokens of the token file: verifies them, makes and revokes them.
#pragma once

#include <sys/types.h>

#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/auth_stats.h"
#include "auth/token_file.h"
#include "auth/token_mint.h"
#include "auth/token_verifier.h"
#include "common/clock.h"
#include "common/metrics.h"
#include "common/mutex.h"
#include "common/published.h"
#include "common/secret.h"

namespace foxfire::auth {

struct TokenTable;

// Whoever changes a token file holds a lock on this one beside it.
Path TokenLockPath(const Path& token_file);
inline constexpr Duration kTokenLockPatience = std::chrono::seconds(5);

// What Create answers: the token is shown this once and kept nowhere.
struct NewToken {
  Secret token;
  std::string id;
  std::optional<WallTime> expires_at;
};

// Several gateways may share the file: each change is made to what is on disk, under a lock, and
// others see it at their next ReloadIfChanged(). Verify, List and PrincipalOf read an immutable
// snapshot; the other methods block on the disk. Thread-safe.
class TokenStore final : public TokenVerifier {
 public:
  // `clock` and `metrics` must outlive this. Errors name the file and the cure.
  static Result<std::unique_ptr<TokenStore>> Open(Path file, const Clock& clock, Metrics& metrics);
  ~TokenStore() override;

  // Takes no lock unless the tokens have changed since this thread's last call.
  tl::expected<PrincipalPtr, AuthRefusal> Verify(std::string_view token) const override;

  Result<NewToken> Create(const TokenRequest& request);
  // In the order in which they were made.
  std::vector<TokenRecord> List() const;
  // Whom the newest token of the user that is in force stands for; null: none is.
  PrincipalPtr PrincipalOf(const UserId& user) const;
  // The record as it is afterwards; no error if it was revoked before. NOT_FOUND: no such id.
  Result<TokenRecord> Revoke(const std::string& id);

  // For a timer. A file that cannot be used is logged once and shown by Health(); until it is
  // mended the tokens read before remain in force.
  void ReloadIfChanged();
  Result<void> Health() const;

 private:
  // Tells one content of the file from another without reading it.
  struct Fingerprint {
    ino_t inode = 0;
    off_t size = 0;
    mode_t mode = 0;
    timespec modified{};
    bool operator==(const Fingerprint& other) const;
  };
  struct Content {
    std::vector<TokenRecord> tokens;
    Fingerprint fingerprint;
  };

  TokenStore(Path file, const Clock& clock, Metrics& metrics, Content content);

  static std::optional<Fingerprint> FingerprintOf(const Path& file);
  static Result<Content> ReadContent(const Path& file);
  Result<void> Change(const std::function<Result<void>(std::vector<TokenRecord>&)>& change);
  void Publish(Content content) REQUIRES(disk_);

  const Path file_;
  const Clock& clock_;
  mutable AuthStats stats_;  // provides its own synchronization

  Published<TokenTable> table_;  // provides its own synchronization

  Mutex disk_;  // held while the file is read or written; before state_
  std::optional<Fingerprint> fingerprint_ GUARDED_BY(disk_);

  mutable Mutex state_;
  std::optional<Error> problem_ GUARDED_BY(state_);
};

}  // namespace foxfire::auth
