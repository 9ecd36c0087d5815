#include "server/http2/first_bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace foxfire::server::http2 {
namespace {

Speech Of(std::string_view text) {
  return Recognize({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

TEST(FirstBytesTest, TellsTheKindsApart) {
  EXPECT_EQ(Of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Speech::kHttp2);
  EXPECT_EQ(Of(std::string_view("\x16\x03\x01\x02\x00", 5)), Speech::kTls);
  EXPECT_EQ(Of("GET / HTTP/1.1\r\n"), Speech::kHttp1);
  EXPECT_EQ(Of("PROPFIND / HTTP/1.1\r\n"), Speech::kHttp1);
  EXPECT_EQ(Of("SSH-2.0-OpenSSH_9.2"), Speech::kGarbage);
  EXPECT_EQ(Of("\x16\x04\x01"), Speech::kGarbage);
  EXPECT_EQ(Of("\x01\x02"), Speech::kGarbage);
  EXPECT_EQ(Of("hello"), Speech::kGarbage);
  EXPECT_EQ(Of("ABCDEFGHIJKLMNOPQRSTUVWX"), Speech::kGarbage);
}

TEST(FirstBytesTest, WaitsWhileSeveralKindsArePossible) {
  EXPECT_EQ(Of(""), Speech::kUndecided);
  EXPECT_EQ(Of("\x16"), Speech::kUndecided);
  EXPECT_EQ(Of("P"), Speech::kUndecided);
  EXPECT_EQ(Of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r"), Speech::kUndecided);
  EXPECT_EQ(Of("GE"), Speech::kUndecided);
}

TEST(FirstBytesTest, PostIsNotTakenForThePreface) {
  EXPECT_EQ(Of("POST / HTTP/1.1"), Speech::kHttp1);
}

TEST(FirstBytesTest, EnoughBytesAlwaysDecide) {
  for (int first = 0; first < 256; ++first) {
    for (const char rest : {'A', ' ', '\x03', '\xff'}) {
      const std::string text = static_cast<char>(first) + std::string(kFirstBytes - 1, rest);
      EXPECT_NE(Of(text), Speech::kUndecided) << first << " " << int{rest};
    }
  }
}

}  // namespace
}  // namespace foxfire::server::http2
