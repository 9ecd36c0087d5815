#include "server/http2/header_list.h"

#include <gtest/gtest.h>

namespace foxfire::server::http2 {
namespace {

std::string Text(HeaderList& list) {
  std::string text;
  for (const nghttp2_nv& pair : list.Pairs()) {
    text.append(reinterpret_cast<const char*>(pair.name), pair.namelen) += "=";
    text.append(reinterpret_cast<const char*>(pair.value), pair.valuelen) += ";";
  }
  return text;
}

TEST(HeaderListTest, KeepsOrderAndDuplicates) {
  HeaderList list;
  list.Add("a", "1");
  list.Add("b-bin", std::string_view("\0x", 2));
  list.Add("a", "2");

  EXPECT_EQ(Text(list), std::string("a=1;b-bin=\0x;a=2;", 17));
}

TEST(HeaderListTest, ReadsItsFirstFields) {
  HeaderList list;
  list.Add("a", "1");
  list.Add("b", "");
  list.Add("c", "3");
  std::string seen;

  list.ForFirst(2, [&seen](std::string_view name, std::string_view value) {
    seen.append(name).append("=").append(value).append(";");
  });

  EXPECT_EQ(seen, "a=1;b=;");
}

TEST(HeaderListTest, TruncatesToItsFirstFields) {
  HeaderList list;
  list.Add("a", "1");
  list.Add("authorization", "Bearer x");

  list.Truncate(1);

  EXPECT_EQ(Text(list), "a=1;");
  EXPECT_EQ(list.SizeWith("cc", "ddd"), 2U + 5U + 2U * 32U);
}

}  // namespace
}  // namespace foxfire::server::http2
