#include "auth/key_agreement.h"

#include <gtest/gtest.h>

#include <string>

#include "common/encoding.h"

namespace foxfire::auth {
namespace {

X25519Key FromHex(std::string_view hex) {
  X25519Key key{};
  for (size_t i = 0; i < key.size(); ++i)
    key[i] = static_cast<uint8_t>(std::stoi(std::string(hex.substr(2 * i, 2)), nullptr, 16));
  return key;
}

// RFC 7748 section 5.2, the first test vector.
TEST(KeyAgreementTest, MultipliesAsTheRfcSays) {
  const auto result =
      X25519Agree(FromHex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                  FromHex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"));

  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(HexEncode(*result), "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
}

TEST(KeyAgreementTest, BothSidesComeToTheSame) {
  const X25519Key ours = {1, 2, 3};
  const X25519Key theirs = {9, 8, 7};

  const auto here = X25519Agree(ours, *X25519PublicKey(theirs));
  const auto there = X25519Agree(theirs, *X25519PublicKey(ours));

  ASSERT_TRUE(here && there);
  EXPECT_EQ(*here, *there);
}

TEST(KeyAgreementTest, ReadsWhatBase64UrlWrites) {
  X25519Key key{};
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<uint8_t>(251 - 7 * i);

  EXPECT_EQ(DecodeX25519Key(Base64UrlEncode(key)), key);
}

TEST(KeyAgreementTest, ReadsNothingElse) {
  const std::string good = Base64UrlEncode(X25519Key{});

  for (const std::string& text : {std::string(), good + "A", good.substr(1), good.substr(1) + "B",
                                  good.substr(1) + "=", good.substr(1) + "+"}) {
    EXPECT_FALSE(DecodeX25519Key(text)) << text;
  }
}

}  // namespace
}  // namespace foxfire::auth
