#include "auth/token_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "auth/token_file.h"
#include "common/file_lock.h"
#include "tests/fakes/fake_clock.h"
#include "tests/support/captured_log.h"
#include "tests/support/temp_folder.h"

namespace foxfire::auth {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class TokenStoreTest : public testing::Test {
 protected:
  TokenStoreTest() { folder_.Write("tokens.json", FormatTokenFile({}), 0600); }

  std::unique_ptr<TokenStore> OpenStore() {
    auto store = TokenStore::Open(file_, clock_, metrics_);
    CHECK(store.has_value());
    return *std::move(store);
  }
  static NewToken CreateFor(TokenStore& store, const std::string& user,
                            std::optional<Duration> ttl = {}) {
    auto token = store.Create({user, {}, {}, ttl, "root"});
    CHECK(token.has_value());
    return *std::move(token);
  }

  const TempFolder folder_;
  const Path file_ = folder_ / "tokens.json";
  FakeClock clock_;
  Metrics metrics_;
};

TEST_F(TokenStoreTest, AcceptsTheTokensThatItMade) {
  const auto store = OpenStore();
  const auto token = store->Create({"alice", {"etl"}, {"admin"}, 1h, "root"});
  ASSERT_TRUE(token.has_value());

  const auto principal = store->Verify(token->token.Reveal());

  ASSERT_TRUE(principal.has_value());
  EXPECT_EQ((*principal)->user, UserId("alice"));
  EXPECT_THAT((*principal)->groups, testing::ElementsAre("etl"));
  EXPECT_TRUE((*principal)->IsAdmin());
  EXPECT_EQ((*principal)->method, "token");
  EXPECT_EQ((*principal)->credential_id, token->id);
  EXPECT_EQ((*principal)->expires_at, clock_.WallNow() + 1h);
  EXPECT_EQ(token->expires_at, clock_.WallNow() + 1h);
}

TEST_F(TokenStoreTest, TellsReasonsOfRefusalApart) {
  const auto store = OpenStore();
  const NewToken revoked = CreateFor(*store, "alice");
  const NewToken expiring = CreateFor(*store, "alice", 1h);
  ASSERT_TRUE(store->Revoke(revoked.id).has_value());
  clock_.Advance(1h);

  EXPECT_EQ(store->Verify("ff_nobody").error(), AuthRefusal::kUnknown);
  EXPECT_EQ(store->Verify("").error(), AuthRefusal::kUnknown);
  EXPECT_EQ(store->Verify(revoked.token.Reveal()).error(), AuthRefusal::kRevoked);
  EXPECT_EQ(store->Verify(expiring.token.Reveal()).error(), AuthRefusal::kExpired);
}

TEST_F(TokenStoreTest, AcceptsATokenUntilTheMomentItExpires) {
  const auto store = OpenStore();
  const NewToken token = CreateFor(*store, "alice", 1h);

  clock_.Advance(1h - 1ms);
  EXPECT_TRUE(store->Verify(token.token.Reveal()).has_value());
  clock_.Advance(1ms);
  EXPECT_FALSE(store->Verify(token.token.Reveal()).has_value());
}

TEST_F(TokenStoreTest, CountsAcceptedAndRefused) {
  const auto store = OpenStore();
  const NewToken token = CreateFor(*store, "alice");
  ASSERT_TRUE(store->Verify(token.token.Reveal()).has_value());
  ASSERT_FALSE(store->Verify("ff_nobody").has_value());
  ASSERT_FALSE(store->Verify("ff_nobody").has_value());

  const std::string text = metrics_.Render();

  EXPECT_THAT(text, HasSubstr("foxfire_auth_accepted_total 1"));
  EXPECT_THAT(text, HasSubstr("foxfire_auth_refusals_total{reason=\"unknown\"} 2"));
  EXPECT_THAT(text, HasSubstr("foxfire_auth_refusals_total{reason=\"malformed\"} 0"));
}

TEST_F(TokenStoreTest, RefusesRequestsThatMakeNoSense) {
  const auto store = OpenStore();

  const auto token = store->Create({" ", {}, {}, {}, "root"});

  ASSERT_FALSE(token.has_value());
  EXPECT_EQ(token.error().code, Code::kInvalidArgument);
  EXPECT_TRUE(store->List().empty());
}

TEST_F(TokenStoreTest, ListsTokensInTheOrderInWhichTheyWereMade) {
  const auto store = OpenStore();
  const NewToken first = CreateFor(*store, "zoe");
  const NewToken second = CreateFor(*store, "alice");

  const auto tokens = store->List();

  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens[0].id, first.id);
  EXPECT_EQ(tokens[1].id, second.id);
  EXPECT_EQ(tokens[0].created_by, "root");
}

TEST_F(TokenStoreTest, KnowsAUserByTheNewestTokenInForce) {
  const auto store = OpenStore();
  ASSERT_TRUE(store->Create({"alice", {"old"}, {}, {}, "root"}));
  const auto newest = store->Create({"alice", {"etl"}, {"admin"}, {}, "root"});
  ASSERT_TRUE(newest);
  const auto revoked = store->Create({"alice", {"bi"}, {}, {}, "root"});
  ASSERT_TRUE(store->Revoke(revoked->id));
  ASSERT_TRUE(store->Create({"alice", {"late"}, {}, 1h, "root"}));
  CreateFor(*store, "bob", 1h);
  EXPECT_THAT(store->PrincipalOf(UserId("alice"))->groups, testing::ElementsAre("late"));
  clock_.Advance(1h);

  const PrincipalPtr alice = store->PrincipalOf(UserId("alice"));

  ASSERT_NE(alice, nullptr);
  EXPECT_EQ(alice->user, UserId("alice"));
  EXPECT_THAT(alice->groups, testing::ElementsAre("etl"));
  EXPECT_EQ(alice->credential_id, newest->id);
  EXPECT_EQ(store->PrincipalOf(UserId("bob")), nullptr);
  EXPECT_EQ(store->PrincipalOf(UserId("nobody")), nullptr);
}

TEST_F(TokenStoreTest, RemembersWhenATokenWasFirstRevoked) {
  const auto store = OpenStore();
  const NewToken token = CreateFor(*store, "alice");

  const auto first = store->Revoke(token.id);
  clock_.Advance(1h);
  const auto second = store->Revoke(token.id);

  ASSERT_TRUE(first.has_value());
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(first->revoked_at, clock_.WallNow() - 1h);
  EXPECT_EQ(*first, *second);
}

TEST_F(TokenStoreTest, SaysWhenThereIsNoTokenToRevoke) {
  const auto store = OpenStore();

  const auto revoked = store->Revoke("none");

  ASSERT_FALSE(revoked.has_value());
  EXPECT_EQ(revoked.error().code, Code::kNotFound);
}

TEST_F(TokenStoreTest, KeepsTokensOverARestart) {
  const NewToken token = CreateFor(*OpenStore(), "alice");

  EXPECT_TRUE(OpenStore()->Verify(token.token.Reveal()).has_value());
}

TEST_F(TokenStoreTest, SharesTheFileWithOtherGateways) {
  const auto here = OpenStore();
  const auto there = OpenStore();

  const NewToken made_here = CreateFor(*here, "alice");
  const NewToken made_there = CreateFor(*there, "bob");

  EXPECT_FALSE(here->Verify(made_there.token.Reveal()).has_value());
  here->ReloadIfChanged();
  EXPECT_TRUE(here->Verify(made_there.token.Reveal()).has_value());
  EXPECT_TRUE(there->Verify(made_here.token.Reveal()).has_value());
  ASSERT_TRUE(there->Revoke(made_here.id).has_value());
  EXPECT_TRUE(here->Verify(made_here.token.Reveal()).has_value());
  here->ReloadIfChanged();
  EXPECT_EQ(here->Verify(made_here.token.Reveal()).error(), AuthRefusal::kRevoked);
}

TEST_F(TokenStoreTest, KeepsTwoStoresOfOneThreadApart) {
  const auto one = OpenStore();
  folder_.Write("other.json", FormatTokenFile({}), 0600);
  const auto other = TokenStore::Open(folder_ / "other.json", clock_, metrics_);
  ASSERT_TRUE(other.has_value());
  const NewToken token = CreateFor(*one, "alice");

  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(one->Verify(token.token.Reveal()).has_value());
    EXPECT_FALSE((*other)->Verify(token.token.Reveal()).has_value());
  }
}

TEST_F(TokenStoreTest, ReadsTheFileOnlyWhenItHasChanged) {
  const auto store = OpenStore();
  const CapturedLog log;

  store->ReloadIfChanged();
  CreateFor(*store, "alice");
  store->ReloadIfChanged();

  EXPECT_EQ(log.Count("token file read again"), 0U);
}

TEST_F(TokenStoreTest, KeepsTheOldTokensWhileTheFileIsBroken) {
  const auto store = OpenStore();
  const NewToken token = CreateFor(*store, "alice");
  const std::string good = *ReadFile(file_);
  const CapturedLog log;

  folder_.Write("tokens.json", "{", 0600);
  store->ReloadIfChanged();
  store->ReloadIfChanged();

  EXPECT_TRUE(store->Verify(token.token.Reveal()).has_value());
  ASSERT_FALSE(store->Health().has_value());
  EXPECT_EQ(store->Health().error().message,
            "token file " + file_.string() +
                " (mend it, or restore it from a backup): not JSON at byte 2");
  EXPECT_EQ(log.Count("the tokens read before remain in force"), 1U);
  EXPECT_FALSE(store->Create({"bob", {}, {}, {}, "root"}).has_value());

  folder_.Write("tokens.json", good, 0600);
  store->ReloadIfChanged();

  EXPECT_TRUE(store->Health().has_value());
  EXPECT_TRUE(store->Verify(token.token.Reveal()).has_value());
}

TEST_F(TokenStoreTest, SaysSoWhenTheFileGoesAwayOrOpensToOthers) {
  const auto store = OpenStore();

  chmod(file_.c_str(), 0644);
  store->ReloadIfChanged();
  EXPECT_THAT(store->Health().error().message, HasSubstr("chmod 600"));

  std::filesystem::remove(file_);
  store->ReloadIfChanged();
  EXPECT_THAT(store->Health().error().message, HasSubstr("it does not exist: restore it"));

  folder_.Write("tokens.json", FormatTokenFile({}), 0600);
  store->ReloadIfChanged();
  EXPECT_TRUE(store->Health().has_value());
}

TEST_F(TokenStoreTest, DoesNotOpenWithoutAFile) {
  const auto store = TokenStore::Open(folder_ / "none.json", clock_, metrics_);

  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().message,
            "token file " + (folder_ / "none.json").string() +
                ": it does not exist: restore it from a backup; or start foxfired with "
                "auth.bootstrap_admin_file set, which makes one with an administrator's token");
}

TEST_F(TokenStoreTest, WritesAFileForItsOwnUserOnly) {
  CreateFor(*OpenStore(), "alice");

  struct stat info {};
  ASSERT_EQ(stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

}  // namespace
}  // namespace foxfire::auth
