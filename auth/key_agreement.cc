#include "auth/key_agreement.h"

#include <openssl/evp.h>

#include <memory>

namespace foxfire::auth {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeKey>;
using ContextPointer = std::unique_ptr<EVP_PKEY_CTX, FreeContext>;

KeyPointer PrivateKey(const X25519Key& key) {
  return KeyPointer(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, key.data(), key.size()));
}

// The six bits that a character of base64url stands for; -1: it is none.
int SixBits(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

}  // namespace

Result<X25519Key> X25519PublicKey(const X25519Key& private_key) {
  const KeyPointer key = PrivateKey(private_key);
  X25519Key result{};
  size_t size = result.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), result.data(), &size) != 1)
    return MakeError(Code::kInternal, "OpenSSL cannot make an X25519 key");
  return result;
}

Result<X25519Key> X25519Agree(const X25519Key& private_key, const X25519Key& public_key) {
  const KeyPointer own = PrivateKey(private_key);
  const KeyPointer other(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, public_key.data(), public_key.size()));
  if (!own || !other) return MakeError(Code::kInternal, "OpenSSL cannot make an X25519 key");
  const ContextPointer context(EVP_PKEY_CTX_new(own.get(), nullptr));
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), other.get()) != 1) {
    return MakeError(Code::kInternal, "OpenSSL cannot begin an X25519 agreement");
  }
  X25519Key shared{};
  size_t size = shared.size();
  if (EVP_PKEY_derive(context.get(), shared.data(), &size) != 1 || size != shared.size())
    return MakeError(Code::kInvalidArgument, "a public key that leads to no secret");
  return shared;
}

std::optional<X25519Key> DecodeX25519Key(std::string_view text) {
  constexpr size_t kCharacters = 43;  // 258 bits, the last two of which must be 0
  if (text.size() != kCharacters) return std::nullopt;
  X25519Key key{};
  uint32_t bits = 0;
  int have = 0;
  size_t filled = 0;
  for (const char c : text) {
    const int six = SixBits(c);
    if (six < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<uint32_t>(six);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    key[filled++] = static_cast<uint8_t>(bits >> have);
    bits &= (1U << have) - 1;
  }
  if (bits != 0) return std::nullopt;
  return key;
}

}  // namespace foxfire::auth
