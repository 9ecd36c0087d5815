#include "auth/token_mint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "common/units.h"
#include "tests/fakes/fake_clock.h"

namespace foxfire::auth {
namespace {

using namespace std::chrono_literals;

TEST(MintTokenTest, MakesATokenOf32RandomBytesThatFitsAHeader) {
  const FakeClock clock;
  std::set<std::string> tokens;
  for (int i = 0; i < 100; ++i) {
    TokenRequest request;
    request.user = "alice";
    const auto minted = MintToken(request, clock.WallNow());

    ASSERT_TRUE(minted.has_value());
    const std::string token(minted->token.Reveal());
    EXPECT_EQ(token.size(), 3U + 43U);
    EXPECT_EQ(token.substr(0, 3), "ff_");
    EXPECT_TRUE(std::all_of(token.begin(), token.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    })) << token;
    EXPECT_EQ(minted->record.sha256, Sha256(token));
    tokens.insert(token);
  }
  EXPECT_EQ(tokens.size(), 100U);
}

TEST(MintTokenTest, WritesDownWhatWasAskedFor) {
  const FakeClock clock;
  const TokenRequest request{"alice", {"etl", "sales"}, {"admin"}, 30min, "root"};

  const auto minted = MintToken(request, clock.WallNow());

  ASSERT_TRUE(minted.has_value());
  const TokenRecord& record = minted->record;
  EXPECT_TRUE(IsUuid(record.id));
  EXPECT_EQ(record.user, UserId("alice"));
  EXPECT_EQ(record.groups, request.groups);
  EXPECT_EQ(record.roles, request.roles);
  EXPECT_EQ(record.created_at, clock.WallNow());
  EXPECT_EQ(record.expires_at, clock.WallNow() + 30min);
  EXPECT_EQ(record.revoked_at, std::nullopt);
  EXPECT_EQ(record.created_by, "root");
}

TEST(MintTokenTest, SaysWhatIsWrongWithARequest) {
  const FakeClock clock;
  const auto message_of = [&clock](const TokenRequest& request) {
    const auto minted = MintToken(request, clock.WallNow());
    return minted ? std::string() : minted.error().message;
  };

  EXPECT_EQ(message_of({"", {}, {}, {}, ""}), "the user name must not be empty");
  EXPECT_EQ(message_of({"a", {" g"}, {}, {}, ""}),
            "the name of a group must not begin or end with white space");
  EXPECT_EQ(message_of({"a", {}, {"owner"}, {}, ""}), "the only role that there is is \"admin\"");
  const std::string ttl =
      "the time to live must be between 1ms and 3650d; without one the token does not expire";
  EXPECT_EQ(message_of({"a", {}, {}, 0s, ""}), ttl);
  EXPECT_EQ(message_of({"a", {}, {}, -1s, ""}), ttl);
  EXPECT_EQ(message_of({"a", {}, {}, 24h * 3651, ""}), ttl);
  EXPECT_EQ(message_of({"a", {}, {}, 24h * 3650, ""}), "");
}

}  // namespace
}  // namespace foxfire::auth
