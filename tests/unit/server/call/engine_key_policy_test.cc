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

EngineKeyOptions With(ShareLevel level, std::set<std::string> profiles = {"default"}) {
  EngineKeyOptions options;
  options.everybody.share_level = level;
  options.profiles = std::move(profiles);
  return options;
}

struct LevelCase {
  ShareLevel level;
  std::vector<std::string> groups;
  EngineKey key;
  std::string run_as;
};

TEST(EngineKeyPolicyTest, TheShareLevelDecidesWhoOwnsAndWhoRuns) {
  const std::string connection = std::string("alice/") + kSession;
  const std::vector<LevelCase> cases = {
      {ShareLevel::kConnection, {}, {ShareLevel::kConnection, connection}, "alice"},
      {ShareLevel::kUser, {"etl"}, {ShareLevel::kUser, "alice"}, "alice"},
      {ShareLevel::kGroup, {"etl", "bi"}, {ShareLevel::kGroup, "etl"}, "etl"},
      {ShareLevel::kServer, {"etl"}, {ShareLevel::kServer, "foxfire"}, "foxfire"},
      // Not an engine of a group that happens to be called alice.
      {ShareLevel::kGroup, {}, {ShareLevel::kUser, "alice"}, "alice"},
  };
  for (const LevelCase& c : cases) {
    const auto choice = ChooseEngine(With(c.level), Alice(c.groups), kSession, {});
    ASSERT_TRUE(choice) << ShareLevelName(c.level);
    EXPECT_EQ(choice->key, c.key);
    EXPECT_EQ(choice->run_as, c.run_as) << ShareLevelName(c.level);
  }
}

TEST(EngineKeyPolicyTest, WhatAnOwnerHasOtherwiseFollowsFromTheKeyAlone) {
  EngineKeyOptions options;
  options.everybody.overrides.queue = "never set";
  options.users["alice"].overrides.queue = "alice's";
  options.groups["alice"].overrides.queue = "the group's";
  options.users["foxfire"].overrides.queue = "of a user of that name";
  const std::string session = std::string("alice/") + kSession;

  const auto queue_of = [&options](ShareLevel level, const std::string& owner) {
    return OverridesOf(options, {level, owner, "etl", "x"}).queue;
  };
  EXPECT_EQ(queue_of(ShareLevel::kUser, "alice"), "alice's");
  EXPECT_EQ(queue_of(ShareLevel::kConnection, session), "alice's");
  EXPECT_EQ(queue_of(ShareLevel::kGroup, "alice"), "the group's");
  EXPECT_EQ(queue_of(ShareLevel::kServer, "foxfire"), "");
  EXPECT_EQ(queue_of(ShareLevel::kUser, "bob"), "");
  options.users["alice"].overrides.queue = "another";
  EXPECT_EQ(queue_of(ShareLevel::kUser, "alice"), "another") << "as config says it now";
}

TEST(EngineKeyPolicyTest, ClientsChooseProfileAndSubdomain) {
  const auto choice = ChooseEngine(With(ShareLevel::kUser, {"default", "etl"}), Alice(), kSession,
                                   {"", "etl", "nightly-1_a.b"});

  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->key, (EngineKey{ShareLevel::kUser, "alice", "etl", "nightly-1_a.b"}));
}

TEST(EngineKeyPolicyTest, ClientsChooseAShareLevelThatTheirRulesAllow) {
  EngineKeyOptions options;
  options.everybody.client_share_levels = {ShareLevel::kConnection};

  const auto own = ChooseEngine(options, Alice(), kSession, {"connection", "", ""});
  const auto usual = ChooseEngine(options, Alice(), kSession, {"user", "", ""});
  const auto refused = ChooseEngine(options, Alice(), kSession, {"server", "", ""});
  const auto none = ChooseEngine(options, Alice(), kSession, {"Server", "", ""});

  ASSERT_TRUE(own && usual);
  EXPECT_EQ(own->key.level, ShareLevel::kConnection);
  EXPECT_EQ(usual->key.level, ShareLevel::kUser);
  ASSERT_FALSE(refused || none);
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
  EXPECT_NE(refused.error().message.find("x-foxfire-share-level"), std::string::npos);
  EXPECT_EQ(none.error().code, Code::kInvalidArgument);
}

TEST(EngineKeyPolicyTest, OnlyAUsersOwnEngineMayBeStartedAhead) {
  EngineKeyOptions options;
  EXPECT_FALSE(HasPrestart(options));
  EXPECT_FALSE(ChooseEngine(options, Alice(), kSession, {})->prestart);
  options.groups["bi"].prestart = true;
  options.groups["bi"].client_share_levels = {ShareLevel::kConnection, ShareLevel::kGroup};

  EXPECT_TRUE(HasPrestart(options));
  EXPECT_FALSE(ChooseEngine(options, Alice(), kSession, {})->prestart);
  EXPECT_TRUE(ChooseEngine(options, Alice({"bi"}), kSession, {})->prestart);
  for (const char* level : {"connection", "group"})
    EXPECT_FALSE(ChooseEngine(options, Alice({"bi"}), kSession, {level, "", ""})->prestart);
}

TEST(EngineKeyPolicyTest, WhatOnlyARouteLeadsToIsNotStartedAhead) {
  EngineKeyOptions options = With(ShareLevel::kUser, {"default", "prod"});
  options.everybody.prestart = true;
  options.everybody.client_profiles = {};
  EngineRoute route;
  route.name = "prod";
  route.team = "data";
  route.profile = "prod";
  options.routing.routes = {route};
  EngineWish wish;
  wish.team = "data";

  const auto choice = ChooseEngine(options, Alice(), kSession, wish);

  ASSERT_TRUE(choice) << choice.error().message;
  EXPECT_EQ(choice->key.profile, "prod");
  EXPECT_FALSE(choice->prestart);
  EXPECT_TRUE(ChooseEngine(options, Alice(), kSession, {})->prestart);
}

TEST(EngineKeyPolicyTest, TheUsersOwnRulesCountBeforeThoseOfTheFirstGroupThatHasSome) {
  EngineKeyOptions options = With(ShareLevel::kUser, {"default", "etl", "mine"});
  options.groups["bi"].share_level = ShareLevel::kGroup;
  options.groups["bi"].profile = "etl";
  options.groups["ops"].share_level = ShareLevel::kServer;

  const auto of_group = ChooseEngine(options, Alice({"other", "bi", "ops"}), kSession, {});
  options.users["alice"].profile = "mine";
  const auto of_user = ChooseEngine(options, Alice({"bi"}), kSession, {});

  ASSERT_TRUE(of_group && of_user);
  EXPECT_EQ(of_group->key, (EngineKey{ShareLevel::kGroup, "bi", "etl"}));
  EXPECT_EQ(of_user->key, (EngineKey{ShareLevel::kUser, "alice", "mine"}));
  EXPECT_EQ(of_group->rules, "[group.bi]");
  EXPECT_EQ(of_user->rules, "[user.alice]");
}

TEST(EngineKeyPolicyTest, AProfileThatTheRulesDoNotAllowIsRefused) {
  EngineKeyOptions options = With(ShareLevel::kUser, {"default", "etl", "big"});
  options.everybody.client_profiles = {"etl"};

  EXPECT_TRUE(ChooseEngine(options, Alice(), kSession, {"", "etl", ""}));
  EXPECT_TRUE(ChooseEngine(options, Alice(), kSession, {"", "default", ""})) << "the usual one";
  const auto refused = ChooseEngine(options, Alice(), kSession, {"", "big", ""});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
  EXPECT_NE(refused.error().message.find("client_profiles"), std::string::npos);
}

TEST(EngineKeyPolicyTest, AProfileThatDoesNotExistIsRefusedByName) {
  for (const char* profile : {"etl", "DEFAULT", "default ", "../default"}) {
    const auto choice = ChooseEngine({}, Alice(), kSession, {"", profile, ""});
    ASSERT_FALSE(choice) << profile;
    EXPECT_EQ(choice.error().code, Code::kPermissionDenied);
    EXPECT_NE(choice.error().message.find(profile), std::string::npos);
    EXPECT_NE(choice.error().message.find("x-foxfire-profile"), std::string::npos);
  }
}

TEST(EngineKeyPolicyTest, EnginesHaveWhatTheSectionOfTheirOwnerSays) {
  EngineKeyOptions options = With(ShareLevel::kUser);
  options.users["alice"].spark_conf = {{"spark.x", "alice"}};
  options.users["alice"].overrides.driver_memory = 2ULL << 30;
  options.groups["bi"].spark_conf = {{"spark.x", "bi"}};
  options.groups["bi"].overrides.queue = "bi";
  for (auto* rules : {&options.everybody, &options.users["alice"], &options.groups["bi"]}) {
    rules->client_share_levels = {ShareLevel::kConnection, ShareLevel::kGroup, ShareLevel::kServer};
  }
  const auto demand = [&](const char* level) {
    const auto choice = ChooseEngine(options, Alice({"bi"}), kSession, {level, "", ""});
    EXPECT_TRUE(choice) << level;
    return choice ? DemandOf(*choice) : EngineDemand();
  };

  for (const char* level : {"user", "connection"}) {
    EXPECT_EQ(demand(level).spark_conf.at("spark.x"), "alice") << level;
    EXPECT_EQ(demand(level).overrides.driver_memory, 2ULL << 30) << level;
    EXPECT_EQ(demand(level).overrides.queue, "") << level;
  }
  EXPECT_EQ(demand("group").spark_conf.at("spark.x"), "bi");
  EXPECT_EQ(demand("group").overrides.queue, "bi");
  EXPECT_FALSE(demand("group").overrides.driver_memory);
  EXPECT_TRUE(demand("server").spark_conf.empty()) << "it belongs to nobody";
  EXPECT_EQ(demand("server").overrides, launcher::EngineOverrides());
}

TEST(EngineKeyPolicyTest, AUserCalledLikeAGroupHasNothingOfIt) {
  EngineKeyOptions options = With(ShareLevel::kUser);
  options.groups["alice"].spark_conf = {{"spark.x", "group"}};

  const auto choice = ChooseEngine(options, Alice(), kSession, {});

  ASSERT_TRUE(choice);
  EXPECT_TRUE(choice->spark_conf.empty());
}

TEST(EngineKeyPolicyTest, ClientsMaySetWhatTheProfileTheyGetAllows) {
  EngineKeyOptions options = With(ShareLevel::kUser, {"default", "etl"});
  options.client_conf["etl"] = {"spark.sql.*"};
  options.users["alice"].spark_conf = {{"spark.sql.a", "owner"}, {"spark.sql.b", "owner"}};
  EngineWish wish{"", "etl", ""};
  wish.conf = {{"spark.sql.a", "client"}};

  const auto allowed = ChooseEngine(options, Alice(), kSession, wish);
  wish.profile = "";
  const auto refused = ChooseEngine(options, Alice(), kSession, wish);

  ASSERT_TRUE(allowed) << allowed.error().message;
  EXPECT_EQ(
      DemandOf(*allowed).spark_conf,
      (std::map<std::string, std::string>{{"spark.sql.a", "client"}, {"spark.sql.b", "owner"}}));
  EXPECT_EQ(allowed->key, (EngineKey{ShareLevel::kUser, "alice", "etl"})) << "no part of the key";
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
}

TEST(EngineKeyPolicyTest, ASubdomainIsAShortName) {
  for (const std::string& subdomain :
       {std::string(65, 'a'), std::string("a b"), std::string("a/b"), std::string("ä"),
        std::string("a\0b", 3), std::string("a:b"), std::string("a%2F")}) {
    const auto choice = ChooseEngine({}, Alice(), kSession, {"", "", subdomain});
    ASSERT_FALSE(choice) << subdomain;
    EXPECT_EQ(choice.error().code, Code::kInvalidArgument);
    EXPECT_NE(choice.error().message.find("x-foxfire-subdomain"), std::string::npos);
  }
  EXPECT_TRUE(ChooseEngine({}, Alice(), kSession, {"", "", std::string(64, 'a')}));
}

}  // namespace
}  // namespace foxfire::server
