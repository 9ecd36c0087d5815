#include "common/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/check.h"

namespace foxfire {
namespace {

// EVP_sha256() stands for "look it up", which costs more than a short digest does (OpenSSL 3).
const EVP_MD* FetchedSha256() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

}  // namespace

Sha256Digest Sha256(std::string_view bytes) {
  Sha256Digest digest;
  unsigned int size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, FetchedSha256(), nullptr) ==
        1);
  return digest;
}

Sha256Digest HmacSha256(std::string_view key, std::string_view bytes) {
  // OpenSSL takes a null pointer for "as before", not for "empty".
  if (key.data() == nullptr) key = "";
  if (bytes.data() == nullptr) bytes = "";
  Sha256Digest digest;
  unsigned int size = 0;
  CHECK(HMAC(FetchedSha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data(),
             &size) != nullptr);
  return digest;
}

}  // namespace foxfire
