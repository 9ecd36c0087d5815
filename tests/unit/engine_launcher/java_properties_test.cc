#include "engine_launcher/java_properties.h"

#include <gtest/gtest.h>

namespace foxfire::launcher {
namespace {

struct Case {
  const char* what;
  std::string value;
  std::string written;
};

class JavaPropertiesTest : public testing::TestWithParam<Case> {};

TEST_P(JavaPropertiesTest, WritesWhatJavaReadsBack) {
  EXPECT_EQ(JavaProperties({{"k", GetParam().value}}), "k=" + GetParam().written + "\n");
}

INSTANTIATE_TEST_SUITE_P(Table, JavaPropertiesTest,
                         testing::Values(Case{"Plain", "local[*]", "local[*]"},
                                         Case{"Empty", "", ""}, Case{"Blanks", " a b", "\\ a\\ b"},
                                         Case{"Special", "a=b:c#d!e\\f", "a\\=b\\:c\\#d\\!e\\\\f"},
                                         Case{"LineEnd", "a\nb\r\tc", "a\\u000ab\\u000d\\u0009c"},
                                         Case{"Umlaut", "Jürgen", "J\\u00fcrgen"},
                                         Case{"BeyondTheBasicPlane", "\xF0\x9F\xA6\x8A",
                                              "\\ud83e\\udd8a"},
                                         Case{"LoneByte",
                                              "a\xFF"
                                              "b",
                                              "a\\ufffdb"},
                                         Case{"CutShort", "\xE2\x82", "\\ufffd\\ufffd"},
                                         Case{"TooLong", "\xE0\x80\xAF", "\\ufffd"},
                                         Case{"Surrogate", "\xED\xA0\x80", "\\ufffd"}),
                         [](const auto& tested) { return tested.param.what; });

TEST(JavaPropertiesFileTest, EscapesKeysAndKeepsTheirOrder) {
  EXPECT_EQ(JavaProperties({{"b", "2"}, {"a key", "1"}}), "a\\ key=1\nb=2\n");
}

}  // namespace
}  // namespace foxfire::launcher
