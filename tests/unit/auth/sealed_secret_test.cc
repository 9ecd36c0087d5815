#include "auth/sealed_secret.h"

#include <gtest/gtest.h>

#include <set>

namespace foxfire::auth {
namespace {

constexpr const char* kContext = "an engine";

class SealedSecretTest : public testing::Test {
 protected:
  std::string Seal(const std::string& secret) const {
    return SealSecret(key_, kContext, Secret(secret)).value_or("");
  }

  const Secret key_ = SealingKey("the text in the file");
};

TEST_F(SealedSecretTest, ComesBack) {
  for (const std::string& secret :
       {std::string("a-token"), std::string(), std::string(5000, 'x')}) {
    const auto opened = OpenSecret(key_, kContext, Seal(secret));

    ASSERT_TRUE(opened) << opened.error().ToString();
    EXPECT_EQ(opened->Reveal(), secret);
  }
}

TEST_F(SealedSecretTest, DoesNotShowItselfAndIsNeverTheSameTwice) {
  std::set<std::string> seen;
  for (int time = 0; time < 100; ++time) {
    const std::string sealed = Seal("a-token");
    EXPECT_EQ(sealed.find("a-token"), std::string::npos);
    EXPECT_TRUE(seen.insert(sealed).second);
  }
}

TEST_F(SealedSecretTest, OpensForItsOwnContextAndClusterOnly) {
  const std::string sealed = Seal("a-token");

  EXPECT_EQ(OpenSecret(key_, "another engine", sealed).error().code, Code::kFailedPrecondition);
  EXPECT_EQ(OpenSecret(SealingKey("another file"), kContext, sealed).error().code,
            Code::kFailedPrecondition);
}

TEST_F(SealedSecretTest, NoticesEveryChangeOfACharacter) {
  const std::string sealed = Seal("a-token");
  for (size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(OpenSecret(key_, kContext, changed)) << at;
    EXPECT_FALSE(OpenSecret(key_, kContext, sealed.substr(0, at))) << at;
  }
}

TEST_F(SealedSecretTest, RefusesATokenThatIsNone) {
  EXPECT_EQ(SealSecret(key_, kContext, Secret(std::string(20'000, 'x'))).error().code,
            Code::kInvalidArgument);
}

}  // namespace
}  // namespace foxfire::auth
