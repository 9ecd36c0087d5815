#include "server/call/engine_key_policy.h"

#include <gtest/gtest.h>

namespace foxfire::server {
namespace {

constexpr const char* kSession = "11111111-2222-3333-4444-555555555555";

auth::Principal Alice(std::vector<std::string> groups = {}) {
  auth::Principal principal;
  principal.user = UserId("alice");
  principal.groups = std::move(groups);
  return principal;
}

struct LevelCase {
  ShareLevel level;
  std::vector<std::string> groups;
  std::string owner;
  std::string run_as;
};

TEST(EngineKeyPolicyTest, TheShareLevelDecidesWhoOwnsAndWhoRuns) {
  const std::vector<LevelCase> cases = {
      {ShareLevel::kConnection, {}, std::string("alice/") + kSession, "alice"},
      {ShareLevel::kUser, {"etl"}, "alice", "alice"},
      {ShareLevel::kGroup, {"etl", "bi"}, "etl", "etl"},
      {ShareLevel::kGroup, {}, "alice", "alice"},
      {ShareLevel::kServer, {"etl"}, "foxfire", "foxfire"},
  };
  for (const LevelCase& c : cases) {
    const auto choice = ChooseEngine({c.level, {"default"}}, Alice(c.groups), kSession, "", "");
    ASSERT_TRUE(choice) << ShareLevelName(c.level);
    EXPECT_EQ(choice->key, (EngineKey{c.level, c.owner, "default", "default"}));
    EXPECT_EQ(choice->run_as, c.run_as) << ShareLevelName(c.level);
  }
}

TEST(EngineKeyPolicyTest, ClientsChooseProfileAndSubdomain) {
  const auto choice = ChooseEngine({ShareLevel::kUser, {"default", "etl"}}, Alice(), kSession,
                                   "etl", "nightly-1_a.b");

  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->key, (EngineKey{ShareLevel::kUser, "alice", "etl", "nightly-1_a.b"}));
}

TEST(EngineKeyPolicyTest, AProfileThatDoesNotExistIsRefusedByName) {
  for (const char* profile : {"etl", "DEFAULT", "default ", "../default"}) {
    const auto choice = ChooseEngine({}, Alice(), kSession, profile, "");
    ASSERT_FALSE(choice) << profile;
    EXPECT_EQ(choice.error().code, Code::kPermissionDenied);
    EXPECT_NE(choice.error().message.find(profile), std::string::npos);
    EXPECT_NE(choice.error().message.find("x-foxfire-profile"), std::string::npos);
  }
}

TEST(EngineKeyPolicyTest, ASubdomainIsAShortName) {
  for (const std::string& subdomain :
       {std::string(65, 'a'), std::string("a b"), std::string("a/b"), std::string("ä"),
        std::string("a\0b", 3), std::string("a:b"), std::string("a%2F")}) {
    const auto choice = ChooseEngine({}, Alice(), kSession, "", subdomain);
    ASSERT_FALSE(choice) << subdomain;
    EXPECT_EQ(choice.error().code, Code::kInvalidArgument);
    EXPECT_NE(choice.error().message.find("x-foxfire-subdomain"), std::string::npos);
  }
  EXPECT_TRUE(ChooseEngine({}, Alice(), kSession, "", std::string(64, 'a')));
}

}  // namespace
}  // namespace foxfire::server
