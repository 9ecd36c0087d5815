// A secret that may lie where others can read it: only the gateways of the cluster can open it.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "common/secret.h"

namespace foxfire::auth {

// The key that gateways seal with: HMAC-SHA256(cluster secret, "foxfire sealed engine secret v1"),
// where the cluster secret is the text in its file.
Secret SealingKey(std::string_view cluster_secret);

// AES-256-GCM with a nonce of its own, in base64url: "v1." + nonce, ciphertext and tag. `context`
// is bound to it: what it was sealed for, so that it is of no use in another place. Not empty for
// an empty secret. `key`: SealingKey's.
Result<std::string> SealSecret(const Secret& key, std::string_view context, const Secret& secret);

// FAILED_PRECONDITION if it was sealed with another key (of another cluster), for another context,
// or is damaged; the error says what to do and never repeats any of it.
Result<Secret> OpenSecret(const Secret& key, std::string_view context, std::string_view sealed);

}  // namespace foxfire::auth
