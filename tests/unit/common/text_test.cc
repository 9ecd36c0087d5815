#include "common/text.h"

#include <gtest/gtest.h>

namespace foxfire {
namespace {

TEST(TextTest, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(ToUtf8("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(ToUtf8("evil\xFF\xC3"), "evil\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(TextTest, MakesOneLineOfText) {
  EXPECT_EQ(ToOneLine("a\nb\tc\x1b[m\x7f", 100), "a b c [m ");
  EXPECT_EQ(ToOneLine("abcdef", 3), "abc");
  EXPECT_EQ(ToOneLine("ab\xC3\xA9", 3), "ab\xEF\xBF\xBD");
}

}  // namespace
}  // namespace foxfire
