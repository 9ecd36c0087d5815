#include "auth/sealed_secret.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/digest.h"
#include "common/encoding.h"
#include "common/random.h"

namespace foxfire::auth {
namespace {

constexpr std::string_view kVersion = "v1.";
constexpr size_t kNonceSize = 12;  // what GCM is made for (NIST SP 800-38D section 8.2.2)
constexpr size_t kTagSize = 16;
constexpr size_t kLongestSecret = 16 << 10;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

tl::unexpected<Error> CannotOpen() {
  return MakeError(Code::kFailedPrecondition,
                   "the engine's token cannot be opened: it was sealed by gateways with another "
                   "cluster secret, or its node was changed; register the engine again");
}

// Wiped when it goes, whoever leaves early.
struct Plaintext {
  explicit Plaintext(size_t size) : bytes(size) {}
  ~Plaintext() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  std::vector<uint8_t> bytes;
};

}  // namespace

Secret SealingKey(std::string_view cluster_secret) {
  const Sha256Digest key = HmacSha256(cluster_secret, "foxfire sealed engine secret v1");
  return Secret(std::string(key.begin(), key.end()));
}

Result<std::string> SealSecret(const Secret& key, std::string_view context, const Secret& secret) {
  const std::string_view plain = secret.Reveal();
  if (plain.size() > kLongestSecret)
    return MakeError(Code::kInvalidArgument, "the token is longer than 16 KiB");
  std::vector<uint8_t> sealed(kNonceSize + plain.size() + kTagSize);
  FillRandom({sealed.data(), kNonceSize});
  uint8_t* const text = sealed.data() + kNonceSize;
  uint8_t* const tag = text + plain.size();
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  int written = 0;
  const bool done = cipher != nullptr &&
                    EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr,
                                       Bytes(key.Reveal()), sealed.data()) == 1 &&
                    EVP_EncryptUpdate(cipher.get(), nullptr, &written, Bytes(context),
                                      static_cast<int>(context.size())) == 1 &&
                    EVP_EncryptUpdate(cipher.get(), text, &written, Bytes(plain),
                                      static_cast<int>(plain.size())) == 1 &&
                    EVP_EncryptFinal_ex(cipher.get(), tag, &written) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, tag) == 1;
  if (!done) return MakeError(Code::kInternal, "sealing an engine's token failed in OpenSSL");
  return std::string(kVersion) + Base64UrlEncode(sealed);
}

Result<Secret> OpenSecret(const Secret& key, std::string_view context, std::string_view sealed) {
  if (!sealed.starts_with(kVersion) || sealed.size() > 2 * kLongestSecret) return CannotOpen();
  const auto bytes = Base64UrlDecode(sealed.substr(kVersion.size()));
  if (!bytes || bytes->size() < kNonceSize + kTagSize) return CannotOpen();
  const size_t size = bytes->size() - kNonceSize - kTagSize;
  const uint8_t* const nonce = bytes->data();
  std::array<uint8_t, kTagSize> tag;
  std::copy(bytes->end() - kTagSize, bytes->end(), tag.begin());
  Plaintext plain(size + kTagSize);  // never empty, so that it has an address
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  int written = 0;
  const bool done =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key.Reveal()), nonce) ==
          1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &written, Bytes(context),
                        static_cast<int>(context.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), plain.bytes.data(), &written, nonce + kNonceSize,
                        static_cast<int>(size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), plain.bytes.data() + size, &written) == 1;
  if (!done) return CannotOpen();
  return Secret(std::string(plain.bytes.begin(), plain.bytes.begin() + static_cast<long>(size)));
}

}  // namespace foxfire::auth
