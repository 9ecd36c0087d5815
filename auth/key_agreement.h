// X25519 (RFC 7748), by OpenSSL: two sides that know each other's public key share a secret that
// was never sent.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/result.h"

namespace foxfire::auth {

using X25519Key = std::array<uint8_t, 32>;

// The public key of any 32 bytes taken as a private key.
Result<X25519Key> X25519PublicKey(const X25519Key& private_key);

// The shared secret. INVALID_ARGUMENT: a public key that would make it the same for everybody
// (RFC 7748 section 6.1).
Result<X25519Key> X25519Agree(const X25519Key& private_key, const X25519Key& public_key);

// From base64url without padding; nullopt: not 32 bytes of it.
std::optional<X25519Key> DecodeX25519Key(std::string_view text);

}  // namespace foxfire::auth
