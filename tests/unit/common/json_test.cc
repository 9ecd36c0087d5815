#include "common/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace foxfire {
namespace {

TEST(JsonTest, ReadsMembersOfTheRightType) {
  const auto json = ParseJson(R"({"s":"x","i":-5,"n":null})");

  ASSERT_TRUE(json);
  EXPECT_EQ(JsonString(*json, "s").value(), "x");
  EXPECT_EQ(JsonInteger(*json, "i").value(), -5);
  EXPECT_EQ(JsonString(*json, "s", "y").value(), "x");
  EXPECT_EQ(JsonInteger(*json, "i", 7).value(), -5);
}

TEST(JsonTest, MissingOrNullIsTheFallbackIfThereIsOne) {
  const auto json = ParseJson(R"({"n":null})");

  ASSERT_TRUE(json);
  for (const char* key : {"n", "missing"}) {
    EXPECT_EQ(JsonString(*json, key, "y").value(), "y");
    EXPECT_EQ(JsonInteger(*json, key, 7).value(), 7);
    EXPECT_EQ(JsonString(*json, key).error().message,
              std::string("\"") + key + "\" must be a string");
    EXPECT_EQ(JsonInteger(*json, key).error().message,
              std::string("\"") + key + "\" must be a whole number");
  }
}

TEST(JsonTest, AnotherTypeIsAnErrorEvenWithAFallback) {
  const auto json = ParseJson(R"({"b":true,"f":1.5,"s":"1","l":[1],"o":{}})");

  ASSERT_TRUE(json);
  for (const char* key : {"b", "f", "l", "o"}) EXPECT_FALSE(JsonString(*json, key, "y")) << key;
  for (const char* key : {"b", "f", "s", "l", "o"}) EXPECT_FALSE(JsonInteger(*json, key, 7)) << key;
}

TEST(JsonTest, NumbersThatDoNotFitAreErrors) {
  const auto json = ParseJson(
      R"({"max":9223372036854775807,"over":9223372036854775808,"top":18446744073709551615})");

  ASSERT_TRUE(json);
  EXPECT_EQ(JsonInteger(*json, "max").value(), std::numeric_limits<int64_t>::max());
  EXPECT_FALSE(JsonInteger(*json, "over"));
  EXPECT_FALSE(JsonInteger(*json, "top"));
}

TEST(JsonTest, WhatIsNoObjectHasNoMembers) {
  for (const char* text : {"[]", "1", "null", "\"x\""}) {
    const auto json = ParseJson(text);
    ASSERT_TRUE(json) << text;
    EXPECT_FALSE(JsonString(*json, "x")) << text;
    EXPECT_EQ(JsonInteger(*json, "x", 7).value(), 7) << text;
  }
}

TEST(JsonTest, WhatIsNoJsonIsAnErrorThatSaysWhere) {
  EXPECT_EQ(ParseJson("{\"a\": }").error().message, "not JSON at byte 7");
  for (const char* text :
       {"", " ", "{", "{]", "{'a':1}", "1 2", "\"\xff\"", "1e999", "nul", "[1,]", "-"}) {
    const auto json = ParseJson(text);
    ASSERT_FALSE(json) << text;
    EXPECT_EQ(json.error().code, Code::kInvalidArgument);
  }
}

TEST(JsonTest, DeepNestingIsNoCrash) {
  const std::string open(100000, '[');

  EXPECT_FALSE(ParseJson(open));
  EXPECT_TRUE(ParseJson(open + std::string(100000, ']')));
}

TEST(JsonTest, WritesCompactTextWhateverTheBytes) {
  EXPECT_EQ(ToText(Json{{"a", 1}, {"b", "x\n"}}), R"({"a":1,"b":"x\n"})");
  EXPECT_EQ(ToText(Json("a\xff")), "\"a\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace foxfire
