// The secret that all gateways of a cluster share.
#pragma once

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

 private:
  explicit ClusterSecret(Secret secret) : secret_(std::move(secret)) {}

  Secret secret_;
};

}  // namespace foxfire::auth
