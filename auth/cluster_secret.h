// The secret that all gateways of a cluster share.
#pragma once

#include <string>
#include <string_view>

#include "auth/key_agreement.h"
#include "auth/sealed_secret.h"
#include "common/files.h"
#include "common/ids.h"
#include "common/result.h"
#include "common/secret.h"

namespace foxfire::auth {

// At least 32 random bytes in base64url, in a file of mode 0600. Immutable; thread-safe.
class ClusterSecret {
 public:
  // Makes the file (and its folder) where there is none. Errors name the file and the cure.
  static Result<ClusterSecret> LoadOrCreate(const Path& path);

  // The bearer token that the engine expects: base64url(HMAC-SHA256(cluster secret, engine id)),
  // where the cluster secret is the text in the file.
  Secret EngineSecret(const EngineId& engine) const;

  // What engines that no file can be brought to agree on their secret with
  // (docs/engine-contract.md): an X25519 public key in base64url, the same on all gateways of the
  // cluster.
  std::string PublicKey() const;
  // The bearer token of such an engine, from the public key in its record. INVALID_ARGUMENT: that
  // is none.
  Result<Secret> AgreedSecret(const EngineId& engine, std::string_view engine_public_key) const;

  // With which gateways seal what lies in ZooKeeper (sealed_secret.h).
  Secret SealingKey() const { return auth::SealingKey(secret_.Reveal()); }

 private:
  ClusterSecret(Secret secret, const X25519Key& public_key)
      : secret_(std::move(secret)), public_key_(public_key) {}

  Secret secret_;
  X25519Key public_key_;
};

}  // namespace foxfire::auth
