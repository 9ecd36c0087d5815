#include "server/admin/token_handlers.h"

#include <gtest/gtest.h>

#include <chrono>

#include "common/units.h"
#include "server/store/event_types.h"
#include "tests/unit/server/admin/admin_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class TokenHandlersTest : public testing::Test {
 protected:
  Result<pb::CreateTokenResponse> Create(const Caller& caller, const char* user) {
    pb::CreateTokenRequest request;
    request.set_user(user);
    return handlers_.Create(caller, request);
  }

  Result<pb::RevokeTokenResponse> Revoke(const Caller& caller, const std::string& id) {
    pb::RevokeTokenRequest request;
    request.set_token_id(id);
    return handlers_.Revoke(caller, request);
  }

  std::vector<std::string> UsersListedFor(const Caller& caller, const char* user = "") {
    pb::ListTokensRequest request;
    request.set_user(user);
    const auto tokens = handlers_.List(caller, request);
    if (!tokens) return {tokens.error().ToString()};
    std::vector<std::string> users;
    for (const pb::Token& token : tokens->tokens()) users.push_back(token.user());
    return users;
  }

  AdminWorld world_;
  TokenHandlers handlers_{*world_.tokens, world_.store, world_.clock, {"gateway", 15002, true}};
};

using Users = std::vector<std::string>;

TEST_F(TokenHandlersTest, MakesATokenThatWorks) {
  pb::CreateTokenRequest request;
  request.set_user("alice");
  request.add_groups("analysts");
  request.add_roles("admin");
  request.set_ttl_ms(3'600'000);

  const auto created = handlers_.Create(AdminWorld::Admin(), request);

  ASSERT_TRUE(created) << created.error().ToString();
  EXPECT_EQ(created->connection_string(),
            "sc://gateway:15002/;token=" + created->token() + ";use_ssl=true");
  EXPECT_EQ(created->expires_at_ms(), ToUnixMillis(world_.clock.WallNow() + 1h));
  const auto principal = world_.tokens->Verify(created->token());
  ASSERT_TRUE(principal);
  EXPECT_EQ((*principal)->user, UserId("alice"));
  EXPECT_EQ((*principal)->groups, Users({"analysts"}));
  EXPECT_TRUE((*principal)->IsAdmin());
}

TEST_F(TokenHandlersTest, NotesWhoMadeWhichTokenWithoutTheToken) {
  const auto created = Create(AdminWorld::Admin(), "alice");
  ASSERT_TRUE(created) << created.error().ToString();

  const EventRecord event = world_.LastEvent(event::kTokenCreated);
  EXPECT_EQ(event.user, "root");
  EXPECT_EQ(event.address, "10.0.0.1:2");
  EXPECT_NE(event.detail.find(created->token_id()), std::string::npos);
  EXPECT_NE(event.detail.find("alice"), std::string::npos);
  EXPECT_EQ(event.detail.find(created->token()), std::string::npos);
}

TEST_F(TokenHandlersTest, OnlyAdministratorsMakeTokens) {
  const auto denied = Create(AdminWorld::CallerOf("alice"), "alice");

  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, Code::kPermissionDenied);
  EXPECT_TRUE(world_.tokens->List().empty());
}

TEST_F(TokenHandlersTest, RefusesWhatMakesNoToken) {
  EXPECT_EQ(Create(AdminWorld::Admin(), "").error().code, Code::kInvalidArgument);
  EXPECT_EQ(Create(AdminWorld::Admin(), "a\nb").error().code, Code::kInvalidArgument);
  for (const int64_t ttl : {int64_t{0}, int64_t{-1}, INT64_MAX}) {
    pb::CreateTokenRequest request;
    request.set_user("alice");
    request.set_ttl_ms(ttl);
    EXPECT_EQ(handlers_.Create(AdminWorld::Admin(), request).error().code, Code::kInvalidArgument);
  }
  EXPECT_EQ(world_.LastEvent(event::kTokenCreated).type, "");
}

TEST_F(TokenHandlersTest, ListsOthersTheirOwn) {
  world_.AddToken("alice");
  world_.AddToken("bob");

  EXPECT_EQ(UsersListedFor(AdminWorld::Admin()), Users({"alice", "bob"}));
  EXPECT_EQ(UsersListedFor(AdminWorld::Admin(), "bob"), Users({"bob"}));
  EXPECT_EQ(UsersListedFor(AdminWorld::CallerOf("alice")), Users({"alice"}));
  EXPECT_EQ(UsersListedFor(AdminWorld::CallerOf("alice"), "bob").front().rfind("PERMISSION", 0),
            0U);
}

TEST_F(TokenHandlersTest, SaysWhatStateATokenIsIn) {
  pb::CreateTokenRequest request;
  request.set_user("alice");
  request.set_ttl_ms(1000);
  ASSERT_TRUE(handlers_.Create(AdminWorld::Admin(), request));
  const auto state = [this] { return handlers_.List(AdminWorld::Admin(), {})->tokens(0).state(); };

  EXPECT_EQ(state(), "active");
  world_.clock.Advance(1s);
  EXPECT_EQ(state(), "expired");
  ASSERT_TRUE(Revoke(AdminWorld::Admin(), world_.tokens->List()[0].id));
  EXPECT_EQ(state(), "revoked");
}

TEST_F(TokenHandlersTest, RevokesATokenAtOnce) {
  const std::string token = world_.AddToken("alice");
  const std::string id = world_.tokens->List()[0].id;

  const auto revoked = Revoke(AdminWorld::CallerOf("alice"), id.substr(0, 8));

  ASSERT_TRUE(revoked) << revoked.error().ToString();
  EXPECT_EQ(revoked->token().state(), "revoked");
  EXPECT_EQ(world_.tokens->Verify(token).error(), auth::AuthRefusal::kRevoked);
  EXPECT_EQ(world_.LastEvent(event::kTokenRevoked).user, "alice");
}

TEST_F(TokenHandlersTest, NotesARevocationOnce) {
  world_.AddToken("alice");
  const std::string id = world_.tokens->List()[0].id;

  ASSERT_TRUE(Revoke(AdminWorld::Admin(), id));
  ASSERT_TRUE(Revoke(AdminWorld::CallerOf("alice"), id));

  EXPECT_EQ(world_.store.EventTypes(), Users({event::kTokenRevoked}));
}

TEST_F(TokenHandlersTest, NobodyRevokesAnothersToken) {
  world_.AddToken("alice");
  const std::string id = world_.tokens->List()[0].id;

  EXPECT_EQ(Revoke(AdminWorld::CallerOf("bob"), id).error().code, Code::kPermissionDenied);
  EXPECT_EQ(Revoke(AdminWorld::Admin(), "99999999").error().code, Code::kNotFound);
  EXPECT_FALSE(world_.tokens->List()[0].revoked_at);
}

}  // namespace
}  // namespace foxfire::server
