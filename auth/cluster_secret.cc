#include "auth/cluster_secret.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "auth/private_file.h"
#include "common/cleanup.h"
#include "common/digest.h"
#include "common/encoding.h"
#include "common/log.h"
#include "common/random.h"

namespace foxfire::auth {
namespace {

constexpr size_t kMinCharacters = 43;  // of base64url, for 32 bytes

constexpr std::string_view kAgreementLabel = "foxfire engine key agreement v1";
constexpr std::string_view kSecretLabel("foxfire engine secret\0", 22);

bool IsBase64Url(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
}

Result<Secret> Load(const Path& path) {
  ASSIGN_OR_RETURN(std::string content, ReadPrivateFile(path));
  Secret whole(std::move(content));  // wipes what is left of the file's text, also on errors
  std::string_view text = whole.Reveal();
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
    text.remove_suffix(1);
  if (text.size() >= kMinCharacters && IsBase64Url(text)) return Secret(std::string(text));
  return MakeError(Code::kFailedPrecondition,
                   fmt::format("{} must hold at least {} characters of base64url (A-Z a-z 0-9 - _) "
                               "and nothing else: copy it from another gateway; or, if there is "
                               "none, remove it and a new one is made",
                               path.string(), kMinCharacters));
}

// link(2) fails like O_EXCL if another gateway was first, but nobody ever sees half a file.
Result<void> Create(const Path& path) {
  if (path.has_parent_path()) RETURN_IF_ERROR(MakeFolder(path.parent_path(), 0700));
  const Path beside = fmt::format("{}.{}.new", path.string(), NewUuid());
  const Secret secret(Base64UrlEncode(RandomBytes<32>()) + "\n");
  RETURN_IF_ERROR(WriteFileAtomically(beside, secret.Reveal(), 0600));
  const Cleanup remove([&beside] { unlink(beside.c_str()); });
  if (link(beside.c_str(), path.c_str()) == 0) {
    Log("auth").info("made a cluster secret file={}", path.string());
  } else if (errno != EEXIST) {
    return tl::unexpected(ErrnoError(errno, fmt::format("creating {}", path.string())));
  }
  return {};
}

// The private key that all gateways of the cluster have in common.
X25519Key AgreementKey(const Secret& cluster) {
  return HmacSha256(cluster.Reveal(), kAgreementLabel);
}

}  // namespace

Result<ClusterSecret> ClusterSecret::LoadOrCreate(const Path& path) {
  auto secret = Load(path);
  if (!secret && secret.error().code == Code::kNotFound) {
    RETURN_IF_ERROR_CONTEXT(Create(path), "cluster secret");
    secret = Load(path);
  }
  if (!secret) return WithContext(std::move(secret).error(), "cluster secret");
  ASSIGN_OR_RETURN(const X25519Key public_key, X25519PublicKey(AgreementKey(*secret)));
  return ClusterSecret(*std::move(secret), public_key);
}

Secret ClusterSecret::EngineSecret(const EngineId& engine) const {
  return Secret(Base64UrlEncode(HmacSha256(secret_.Reveal(), engine.str())));
}

std::string ClusterSecret::PublicKey() const { return Base64UrlEncode(public_key_); }

Result<Secret> ClusterSecret::AgreedSecret(const EngineId& engine,
                                           std::string_view engine_public_key) const {
  const auto key = DecodeX25519Key(engine_public_key);
  if (!key) {
    return MakeError(
        Code::kInvalidArgument,
        fmt::format("the public_key of engine {} is no X25519 key in base64url", engine.str()));
  }
  auto shared = X25519Agree(AgreementKey(secret_), *key);
  if (!shared) {
    return WithContext(std::move(shared).error(),
                       fmt::format("the public_key of engine {}", engine.str()));
  }
  const std::string_view agreed(reinterpret_cast<const char*>(shared->data()), shared->size());
  return Secret(Base64UrlEncode(HmacSha256(agreed, std::string(kSecretLabel) + engine.str())));
}

}  // namespace foxfire::auth
