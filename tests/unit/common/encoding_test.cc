#include "common/encoding.h"

#include <gtest/gtest.h>

#include <string>

namespace foxfire {
namespace {

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(HexEncodeTest, WritesLowerCase) {
  EXPECT_EQ(HexEncode(Bytes("")), "");
  EXPECT_EQ(HexEncode(Bytes(std::string_view("\x00\x0f\xf0\xff", 4))), "000ff0ff");
}

TEST(Base64EncodeTest, PassesTheVectorsOfRfc4648WithoutPadding) {
  EXPECT_EQ(Base64Encode(""), "");
  EXPECT_EQ(Base64Encode("f"), "Zg");
  EXPECT_EQ(Base64Encode("fo"), "Zm8");
  EXPECT_EQ(Base64Encode("foo"), "Zm9v");
  EXPECT_EQ(Base64Encode("foob"), "Zm9vYg");
  EXPECT_EQ(Base64Encode("fooba"), "Zm9vYmE");
  EXPECT_EQ(Base64Encode("foobar"), "Zm9vYmFy");
}

TEST(Base64EncodeTest, TheUrlAlphabetDiffersInTwoCharacters) {
  constexpr std::string_view kBytes = "\xfb\xff\xfe";

  EXPECT_EQ(Base64Encode(kBytes), "+//+");
  EXPECT_EQ(Base64UrlEncode(Bytes(kBytes)), "-__-");
}

TEST(Base64UrlDecodeTest, GivesBackWhatWasEncoded) {
  std::string text;
  for (int byte = 0; byte < 256; ++byte) {
    const auto decoded = Base64UrlDecode(Base64UrlEncode(Bytes(text)));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(std::string(decoded->begin(), decoded->end()), text);
    text += static_cast<char>(255 - byte);
  }
}

TEST(Base64UrlDecodeTest, RefusesWhatNoEncodingIs) {
  for (const char* wrong : {"A", "AAAAA", "Zh", "Zm9", "Zg==", "Zm+v", "Zm/v", "Zm v", "Zm9v\n"}) {
    EXPECT_FALSE(Base64UrlDecode(wrong)) << wrong;
  }
}

TEST(PercentEncodeTest, KeepsPlainCharactersOnly) {
  EXPECT_EQ(PercentEncode("azAZ09-_."), "azAZ09-_.");
  EXPECT_EQ(PercentEncode("a b/c:d%"), "a%20b%2Fc%3Ad%25");
  EXPECT_EQ(PercentEncode("é"), "%C3%A9");
  EXPECT_EQ(PercentEncode(std::string_view("\0", 1)), "%00");
  EXPECT_EQ(PercentEncode(""), "");
}

TEST(PercentEncodeTest, EncodesThePathsThatZooKeeperRefuses) {
  EXPECT_EQ(PercentEncode("."), "%2E");
  EXPECT_EQ(PercentEncode(".."), "%2E%2E");
  EXPECT_EQ(PercentEncode("..."), "...");
}

TEST(PercentEncodeTest, EveryByteComesBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);

  EXPECT_EQ(PercentDecode(PercentEncode(all)), all);
  EXPECT_EQ(PercentDecode(PercentEncode("..")), "..");
}

TEST(PercentDecodeTest, TakesEitherCaseAndRefusesBrokenEscapes) {
  EXPECT_EQ(PercentDecode("%2f%2F"), "//");
  for (const char* text : {"%", "%2", "%2g", "%g2", "a%", "%%20", "%-1", "% 1"})
    EXPECT_EQ(PercentDecode(text), std::nullopt) << text;
}

}  // namespace
}  // namespace foxfire
