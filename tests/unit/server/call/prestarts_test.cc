#include "server/call/prestarts.h"

#include <gmock/gmock.h>

#include <chrono>

#include "auth/token_file.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/server/engine/engine_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Duration kLead = 10min;

// The look into the store is made on the test's thread too.
class PrestartsTest : public EngineWorld {
 protected:
  PrestartsTest() {
    folder_.Write("tokens.json", auth::FormatTokenFile({}), 0600);
    tokens_ = *auth::TokenStore::Open(folder_ / "tokens.json", clock_, metrics_);
    rules_.everybody.prestart = true;
    rules_.profiles = {"default", "etl"};
  }

  void AddToken(const std::string& user, std::vector<std::string> groups = {},
                std::optional<Duration> ttl = std::nullopt) {
    const auto created = tokens_->Create({user, std::move(groups), {}, ttl, "root"});
    ASSERT_TRUE(created) << created.error().message;
    last_token_ = created->id;
  }
  // A session of that key one and two weeks ago, so long after the time of day that it is now.
  void Came(const EngineKey& key, Duration later) {
    for (const int weeks : {1, 2}) {
      SessionRecord session;
      session.user = key.owner;
      session.session_id = NewUuid();
      session.engine_key = key.ToString();
      session.state = "closed";
      session.created_at = clock_.WallNow() + later - weeks * 7 * 24h;
      store_.Save(session);
    }
  }
  void Start() {
    StartBroker();
    keys_.Set(std::make_shared<EngineKeyOptions>(rules_));
    prestarts_ =
        std::make_unique<Prestarts>(kLead, keys_, *tokens_, *broker_, store_, core_, metrics_);
    prestarts_->Start();
    core_.RunUntilIdle();
  }
  std::vector<std::string> Launched() const {
    std::vector<std::string> keys;
    for (const launcher::LaunchRequest& launch : launcher_.launches())
      keys.push_back(launch.key.ToString());
    return keys;
  }

  const TempFolder folder_;
  std::unique_ptr<auth::TokenStore> tokens_;
  std::string last_token_;
  EngineKeyOptions rules_;
  Published<EngineKeyOptions> keys_{std::make_shared<EngineKeyOptions>()};
  std::unique_ptr<Prestarts> prestarts_;
};

TEST_F(PrestartsTest, StartsTheEngineOfAUserWhoIsExpectedAndSaysWhy) {
  AddToken("ann");
  Came(Key("ann"), 5min);

  Start();

  EXPECT_THAT(Launched(), ElementsAre("user:ann:default:default"));
  const auto events = store_.events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].type, event::kEnginePrestarted);
  EXPECT_EQ(events[0].user, "ann");
  EXPECT_EQ(events[0].detail,
            "sessions were opened at this time in 2 of the last 4 weeks "
            "key=user:ann:default:default");
  EXPECT_EQ(events[1].type, event::kEngineLaunching);
  EXPECT_THAT(metrics_.Render(), HasSubstr("foxfire_engine_prestarts_total 1"));
}

TEST_F(PrestartsTest, StartsItWhenTheTimeHasCome) {
  AddToken("ann");
  Came(Key("ann"), 13min);
  Start();

  core_.Advance(3min);
  EXPECT_THAT(Launched(), IsEmpty());
  core_.Advance(1min);

  EXPECT_THAT(Launched(), ElementsAre("user:ann:default:default"));
}

TEST_F(PrestartsTest, StartsNothingForThoseWhoDoNotHaveIt) {
  rules_.users["ann"].prestart = false;
  for (const char* user : {"ann", "bob"}) AddToken(user);
  Came(Key("ann"), 1min);
  Came(Key("bob"), 5min);

  Start();

  EXPECT_THAT(Launched(), ElementsAre("user:bob:default:default"));
}

TEST_F(PrestartsTest, FollowsRulesThatHaveChanged) {
  rules_.everybody.prestart = false;
  AddToken("ann");
  Came(Key("ann"), 5min);
  Start();
  ASSERT_THAT(Launched(), IsEmpty());

  rules_.everybody.prestart = true;
  keys_.Set(std::make_shared<EngineKeyOptions>(rules_));
  core_.Advance(1min);

  EXPECT_THAT(Launched(), ElementsAre("user:ann:default:default"));
}

TEST_F(PrestartsTest, TheGroupsAreThoseOfTheUsersToken) {
  rules_.everybody.prestart = false;
  rules_.groups["bi"].prestart = true;
  AddToken("ann", {"bi"});
  AddToken("bob");
  Came(Key("ann"), 5min);
  Came(Key("bob"), 1min);

  Start();

  EXPECT_THAT(Launched(), ElementsAre("user:ann:default:default"));
}

TEST_F(PrestartsTest, UsersWithoutATokenInForceGetNothing) {
  AddToken("gone");
  ASSERT_TRUE(tokens_->Revoke(last_token_));
  AddToken("late", {}, 1h);
  AddToken("ann");
  clock_.Advance(1h);
  for (const char* user : {"never", "gone", "late"}) Came(Key(user), 1min);
  Came(Key("ann"), 5min);

  Start();

  EXPECT_THAT(Launched(), ElementsAre("user:ann:default:default"));
}

TEST_F(PrestartsTest, TheEngineIsThatOfThePastWithTheSettingsOfToday) {
  rules_.users["ann"] = rules_.everybody;
  rules_.users["ann"].spark_conf = {{"spark.x", "1"}};
  AddToken("ann");
  EngineKey nightly = Key("ann");
  nightly.profile = "etl";
  nightly.subdomain = "nightly";
  Came(nightly, 5min);

  Start();

  ASSERT_THAT(Launched(), ElementsAre("user:ann:etl:nightly"));
  const launcher::LaunchRequest launch = launcher_.launches().front();
  EXPECT_EQ(launch.run_as, "ann");
  EXPECT_EQ(launch.spark_conf.at("spark.x"), "1");
}

TEST_F(PrestartsTest, WhatTheUserWouldNotGetTodayIsNotStarted) {
  rules_.groups["bi"] = rules_.everybody;
  rules_.groups["bi"].share_level = ShareLevel::kGroup;
  rules_.users["kept"] = rules_.everybody;
  rules_.users["kept"].client_profiles = {};
  AddToken("member", {"bi"});
  for (const char* user : {"ann", "kept", "dora", "bob"}) AddToken(user);
  Came(Key("member"), 1min);
  EngineKey gone = Key("ann");
  gone.profile = "gone";
  Came(gone, 1min);
  EngineKey refused = Key("kept");
  refused.profile = "etl";
  Came(refused, 1min);
  EngineKey nameless = Key("dora");  // as no gateway writes it
  nameless.profile = "";
  Came(nameless, 1min);
  Came(Key("bob"), 5min);

  Start();

  EXPECT_THAT(Launched(), ElementsAre("user:bob:default:default"));
}

TEST_F(PrestartsTest, AShareLevelThatClientsMayAskForIsOneThatTheyAskedFor) {
  rules_.everybody.share_level = ShareLevel::kServer;
  rules_.everybody.client_share_levels = {ShareLevel::kUser};
  AddToken("ann");
  Came(Key("ann"), 5min);

  Start();

  EXPECT_THAT(Launched(), ElementsAre("user:ann:default:default"));
}

TEST_F(PrestartsTest, StartsOneAMinuteTheMostUrgentFirst) {
  for (const char* user : {"ann", "bob"}) AddToken(user);
  Came(Key("ann"), 5min);
  Came(Key("bob"), 3min);
  Start();
  ASSERT_THAT(Launched(), ElementsAre("user:bob:default:default"));
  RegisterLaunched();

  core_.Advance(59s);
  EXPECT_EQ(Launched().size(), 1U);
  core_.Advance(1s);

  EXPECT_THAT(Launched(), ElementsAre("user:bob:default:default", "user:ann:default:default"));
}

TEST_F(PrestartsTest, AnEngineThatHasEndedIsNotStartedAheadAgainForAWhile) {
  AddToken("ann");
  Came(Key("ann"), 5min);
  Came(Key("ann"), 85min);
  Start();
  launcher_.End(RegisterLaunched(), "exit status 0");
  core_.RunUntilIdle();
  ASSERT_EQ(PresenceFor(Key("ann")), kGone);

  core_.Advance(4min);
  EXPECT_EQ(Launched().size(), 1U);
  core_.Advance(73min);

  EXPECT_EQ(Launched().size(), 2U) << "the next habit of the day";
}

TEST_F(PrestartsTest, AHabitThatBeginsWhenAnotherIsOverIsOneOfItsOwn) {
  AddToken("ann");
  Came(Key("ann"), 5min);
  Came(Key("ann"), 45min);
  Start();
  launcher_.End(RegisterLaunched(), "exit status 0");

  core_.Advance(35min);
  EXPECT_EQ(Launched().size(), 1U);
  core_.Advance(1min);

  EXPECT_EQ(Launched().size(), 2U);
}

TEST_F(PrestartsTest, LooksAgainWhenTheStoreCouldNotBeRead) {
  AddToken("ann");
  Start();
  Came(Key("ann"), 5min);
  store_.FailReads({Code::kUnavailable, "disk gone"});
  core_.Advance(1min);
  EXPECT_THAT(Launched(), IsEmpty());

  store_.FailReads({Code::kOk, ""});
  core_.Advance(1min);

  EXPECT_THAT(Launched(), ElementsAre("user:ann:default:default"));
}

}  // namespace
}  // namespace foxfire::server
