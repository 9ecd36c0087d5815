#include "common/secret.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <new>
#include <sstream>
#include <string>

namespace foxfire {
namespace {

constexpr const char* kShort = "s3same";
constexpr const char* kLong = "s3same-which-is-too-long-for-the-inside-of-a-string";

TEST(SecretTest, ShowsItselfToNobody) {
  const Secret secret{kLong};
  std::ostringstream out;
  out << secret;

  EXPECT_EQ(out.str(), "<redacted>");
  EXPECT_EQ(fmt::format("token={}", secret), "token=<redacted>");
  EXPECT_EQ(testing::PrintToString(secret), "<redacted>");
}

TEST(SecretTest, RevealsItsValue) {
  EXPECT_EQ(Secret{kShort}.Reveal(), kShort);
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret("").empty());
  EXPECT_FALSE(Secret("x").empty());
}

TEST(SecretTest, ComparesValues) {
  const Secret secret("abc");

  EXPECT_TRUE(secret.Equals("abc"));
  EXPECT_FALSE(secret.Equals("abd"));
  EXPECT_FALSE(secret.Equals("ab"));
  EXPECT_FALSE(secret.Equals("abcd"));
  EXPECT_FALSE(secret.Equals(""));
  EXPECT_TRUE(Secret().Equals(""));
}

TEST(SecretTest, CopiesAndMovesKeepTheValue) {
  for (const char* text : {kShort, kLong}) {
    Secret original{text};
    Secret copy = original;
    Secret moved = std::move(original);
    EXPECT_EQ(copy.Reveal(), text);
    EXPECT_EQ(moved.Reveal(), text);

    Secret target("old");
    target = copy;
    EXPECT_EQ(target.Reveal(), text);
    target = std::move(moved);
    EXPECT_EQ(target.Reveal(), text);
    const Secret& same = target;
    target = same;
    EXPECT_EQ(target.Reveal(), text);
  }
}

// The bytes of an object, after `leave` is done with the Secret that was made there.
template <typename Leave>
std::string BytesAfter(Leave leave) {
  alignas(Secret) std::array<std::byte, sizeof(Secret)> memory{};
  auto* secret = new (memory.data()) Secret(kShort);
  leave(secret);
  std::string bytes(reinterpret_cast<const char*>(memory.data()), memory.size());
  return bytes;
}

TEST(SecretTest, WipesWhatItLeaves) {
  const auto destroyed = BytesAfter([](Secret* secret) { secret->~Secret(); });
  EXPECT_EQ(destroyed.find(kShort), std::string::npos);

  Secret taken;
  const auto moved = BytesAfter([&](Secret* secret) { taken = Secret(std::move(*secret)); });
  EXPECT_EQ(moved.find(kShort), std::string::npos);
  EXPECT_EQ(taken.Reveal(), kShort);

  const auto assigned = BytesAfter([&](Secret* secret) { taken = std::move(*secret); });
  EXPECT_EQ(assigned.find(kShort), std::string::npos);
}

}  // namespace
}  // namespace foxfire
