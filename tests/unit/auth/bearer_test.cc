#include "auth/bearer.h"

#include <gtest/gtest.h>

#include <string>

namespace foxfire::auth {
namespace {

TEST(BearerTokenTest, TakesTheTokenWhateverTheCaseOfTheScheme) {
  for (const char* header : {"Bearer ff_A-z.9~+/==", "bearer ff_A-z.9~+/==", "BEARER ff_A-z.9~+/==",
                             "Bearer   ff_A-z.9~+/==", "  Bearer\tff_A-z.9~+/==  "}) {
    const auto token = BearerToken(header);

    ASSERT_TRUE(token.has_value()) << header;
    EXPECT_EQ(*token, "ff_A-z.9~+/==") << header;
  }
}

TEST(BearerTokenTest, SaysWhatIsWrong) {
  struct Case {
    std::string header;
    AuthRefusal refusal;
  };
  const Case cases[] = {
      {"", AuthRefusal::kMissing},
      {"   ", AuthRefusal::kMissing},
      {"Bearer", AuthRefusal::kMissing},
      {"Bearer ", AuthRefusal::kMissing},
      {"Bear", AuthRefusal::kMalformed},
      {"Bearerff_a", AuthRefusal::kMalformed},
      {"Basic YWxpY2U6c2VjcmV0", AuthRefusal::kMalformed},
      {"ff_a", AuthRefusal::kMalformed},
      {"Bearer a b", AuthRefusal::kMalformed},
      {"Bearer a,b", AuthRefusal::kMalformed},
      {"Bearer a=b", AuthRefusal::kMalformed},
      {"Bearer ==", AuthRefusal::kMalformed},
      {"Bearer t\xC3\xB6ken", AuthRefusal::kMalformed},
      {std::string("Bearer a\0b", 10), AuthRefusal::kMalformed},
      {"Bearer a\nb", AuthRefusal::kMalformed},
  };
  for (const Case& one : cases) {
    const auto token = BearerToken(one.header);

    ASSERT_FALSE(token.has_value()) << one.header;
    EXPECT_EQ(token.error(), one.refusal) << one.header;
  }
}

TEST(BearerTokenTest, RefusesWhatIsTooLong) {
  const std::string fits = "Bearer " + std::string(kMaxBearerBytes - 7, 'a');

  EXPECT_TRUE(BearerToken(fits).has_value());
  EXPECT_EQ(BearerToken(fits + "a").error(), AuthRefusal::kMalformed);
}

TEST(AuthRefusalTest, HasANameForEveryValue) {
  EXPECT_EQ(AuthRefusalName(AuthRefusal::kMissing), "missing");
  EXPECT_EQ(AuthRefusalName(AuthRefusal::kMalformed), "malformed");
  EXPECT_EQ(AuthRefusalName(AuthRefusal::kUnknown), "unknown");
  EXPECT_EQ(AuthRefusalName(AuthRefusal::kRevoked), "revoked");
  EXPECT_EQ(AuthRefusalName(AuthRefusal::kExpired), "expired");
}

}  // namespace
}  // namespace foxfire::auth
