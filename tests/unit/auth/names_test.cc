#include "auth/names.h"

#include <gtest/gtest.h>

#include <string>

namespace foxfire::auth {
namespace {

TEST(CheckNameTest, AcceptsWhatPeopleAreCalled) {
  for (const std::string name : {"alice", "a", "Alice B. Carol", "alice@EXAMPLE.COM", "zo\xC3\xAB",
                                 "\xE6\x9D\x8E", "\xF0\x9F\xA6\x8A", "..", "a/b:c%"}) {
    EXPECT_TRUE(CheckName(name, "the name").has_value()) << name;
  }
  EXPECT_TRUE(CheckName(std::string(128, 'a'), "the name").has_value());
}

TEST(CheckNameTest, SaysWhatIsWrong) {
  struct Case {
    std::string name;
    const char* message;
  };
  const char* const kUtf8 = "the name must be UTF-8";
  const char* const kControl = "the name must not contain control characters";
  const char* const kSpace = "the name must not begin or end with white space";
  const Case cases[] = {
      {"", "the name must not be empty"},
      {std::string(129, 'a'), "the name must not be longer than 128 bytes"},
      {" alice", kSpace},
      {"alice ", kSpace},
      {"alice\xC2\xA0", kSpace},  // no-break space
      {"\xE3\x80\x80"
       "alice",
       kSpace},  // ideographic space
      {"al\nice", kControl},
      {"alice\t", kControl},
      {std::string("al\0ice", 6), kControl},
      {"alice\x7F", kControl},
      {"al\xC2\x85ice", kControl},  // next line
      {"al\xFFice", kUtf8},
      {"al\x80ice", kUtf8},
      {"alice\xC3", kUtf8},             // cut short
      {"al\xC3ice", kUtf8},             // no continuation
      {"\xC0\xAF", kUtf8},              // overlong
      {"\xE0\x80\xAF", kUtf8},          // overlong
      {"\xF0\x80\x80\xAF", kUtf8},      // overlong
      {"\xED\xA0\x80", kUtf8},          // a surrogate
      {"\xF4\x90\x80\x80", kUtf8},      // above U+10FFFF
      {"\xF8\x88\x80\x80\x80", kUtf8},  // five bytes
  };
  for (const Case& one : cases) {
    const auto checked = CheckName(one.name, "the name");

    ASSERT_FALSE(checked.has_value()) << one.name;
    EXPECT_EQ(checked.error().code, Code::kInvalidArgument);
    EXPECT_EQ(checked.error().message, one.message) << one.name;
  }
}

TEST(CheckRoleTest, KnowsAdminOnly) {
  EXPECT_TRUE(CheckRole("admin").has_value());
  EXPECT_EQ(CheckRole("Admin").error().message, "the only role that there is is \"admin\"");
  EXPECT_FALSE(CheckRole("").has_value());
}

}  // namespace
}  // namespace foxfire::auth
