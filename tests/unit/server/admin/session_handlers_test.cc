#include "server/admin/session_handlers.h"

#include <gtest/gtest.h>

#include <chrono>

#include "server/store/event_types.h"
#include "tests/unit/server/admin/admin_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

class SessionHandlersTest : public testing::Test {
 protected:
  SessionHandlersTest() {
    alice_ = world_.AddSession("alice", kAliceSession, kAliceEngine);
    world_.clock.Advance(1s);
    bob_ = world_.AddSession("bob", kBobSession, kBobEngine);
  }

  // "user state" of each session, or the error.
  Names List(const Caller& caller, const pb::ListSessionsRequest& request = {}) {
    const auto sessions = handlers_.List(caller, request);
    if (!sessions) return {sessions.error().ToString()};
    Names names;
    for (const pb::Session& session : sessions->sessions()) {
      names.push_back(session.user() + " " + session.state());
    }
    return names;
  }

  Result<pb::CloseSessionResponse> Close(const Caller& caller, const char* id,
                                         const char* user = "") {
    pb::CloseSessionRequest request;
    request.set_session_id(id);
    request.set_user(user);
    return handlers_.Close(caller, request);
  }

  AdminWorld world_;
  SessionPtr alice_;
  SessionPtr bob_;
  std::vector<SessionPtr> closed_;
  SessionHandlers handlers_{world_.sessions, world_.store,
                            [this](const SessionPtr& session) { closed_.push_back(session); }};
};

TEST_F(SessionHandlersTest, ListsActiveSessions) {
  world_.sessions.End(bob_, SessionState::kLost, "its engine died");

  EXPECT_EQ(List(AdminWorld::Admin()), Names({"alice active"}));
}

TEST_F(SessionHandlersTest, ListsEndedOnesOnRequest) {
  world_.sessions.End(alice_, SessionState::kLost, "its engine died");

  pb::ListSessionsRequest request;
  request.set_include_ended(true);
  EXPECT_EQ(List(AdminWorld::Admin(), request), Names({"bob active", "alice lost"}));

  request.set_include_ended(false);
  request.set_state("lost");
  EXPECT_EQ(List(AdminWorld::Admin(), request), Names({"alice lost"}));
}

TEST_F(SessionHandlersTest, ListsWhatOnlyTheStoreKnows) {
  world_.store.Save(SessionRecord{
      "33333333", "carol", "e", "user:carol:default:default", "expired", {}, {}, 0, "", "idle"});

  pb::ListSessionsRequest request;
  request.set_state("expired");
  EXPECT_EQ(List(AdminWorld::Admin(), request), Names({"carol expired"}));
}

TEST_F(SessionHandlersTest, TakesMemoryForNewerThanTheStore) {
  // As while the store's queue is not written yet.
  world_.sessions.End(alice_, SessionState::kClosed, "done");
  world_.store.Save(SessionRecord{kAliceSession,
                                  "alice",
                                  kAliceEngine,
                                  "user:alice:default:default",
                                  "lost",
                                  {},
                                  {},
                                  0,
                                  "",
                                  ""});

  pb::ListSessionsRequest request;
  request.set_state("lost");
  EXPECT_EQ(List(AdminWorld::Admin(), request), Names());
}

TEST_F(SessionHandlersTest, ShowsOthersTheirOwn) {
  EXPECT_EQ(List(AdminWorld::CallerOf("bob")), Names({"bob active"}));

  pb::ListSessionsRequest request;
  request.set_include_ended(true);
  EXPECT_EQ(List(AdminWorld::CallerOf("bob"), request), Names({"bob active"}));
  request.set_user("alice");
  EXPECT_EQ(List(AdminWorld::CallerOf("bob"), request).front().rfind("PERMISSION_DENIED", 0), 0U);
  EXPECT_EQ(List(AdminWorld::Admin(), request), Names({"alice active"}));
}

TEST_F(SessionHandlersTest, RefusesWhatMakesNoSense) {
  pb::ListSessionsRequest request;
  request.set_state("gone");
  EXPECT_EQ(handlers_.List(AdminWorld::Admin(), request).error().code, Code::kInvalidArgument);
  request.set_state("lost");
  request.set_include_ended(true);
  EXPECT_EQ(handlers_.List(AdminWorld::Admin(), request).error().code, Code::kInvalidArgument);
  request.set_state("");
  request.set_limit(100'001);
  EXPECT_EQ(handlers_.List(AdminWorld::Admin(), request).error().code, Code::kInvalidArgument);
}

TEST_F(SessionHandlersTest, SaysThatTheStoreCannotBeRead) {
  world_.store.FailReads({Code::kUnavailable, "disk full"});
  pb::ListSessionsRequest request;
  request.set_include_ended(true);

  EXPECT_EQ(List(AdminWorld::Admin(), request), Names({"UNAVAILABLE: disk full"}));
  EXPECT_EQ(List(AdminWorld::Admin()).size(), 2U);  // needs memory only
}

TEST_F(SessionHandlersTest, ClosesASessionAndTellsOthers) {
  const auto closed = Close(AdminWorld::CallerOf("alice"), "11111111");

  ASSERT_TRUE(closed) << closed.error().ToString();
  EXPECT_EQ(closed->session().state(), "closed");
  EXPECT_EQ(closed->session().end_reason(), "closed by alice from 10.0.0.1:2");
  EXPECT_EQ(alice_->state(), SessionState::kClosed);
  EXPECT_EQ(closed_, std::vector<SessionPtr>({alice_}));
  EXPECT_EQ(world_.LastEvent(event::kSessionClosed).detail, "closed by alice from 10.0.0.1:2");
}

TEST_F(SessionHandlersTest, ClosesNobodyElsesSession) {
  EXPECT_EQ(Close(AdminWorld::CallerOf("alice"), kBobSession).error().code,
            Code::kPermissionDenied);
  EXPECT_EQ(Close(AdminWorld::CallerOf("alice"), kBobSession, "bob").error().code,
            Code::kPermissionDenied);
  EXPECT_EQ(bob_->state(), SessionState::kActive);
  EXPECT_TRUE(closed_.empty());
}

TEST_F(SessionHandlersTest, ClosesASessionOnce) {
  ASSERT_TRUE(Close(AdminWorld::Admin(), kBobSession));

  const auto again = Close(AdminWorld::Admin(), kBobSession);

  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kFailedPrecondition);
  EXPECT_NE(again.error().message.find("closed by root"), std::string::npos);
  EXPECT_EQ(closed_.size(), 1U);
}

TEST_F(SessionHandlersTest, AsksWhoseIfSeveralUsersHaveTheId) {
  const SessionPtr other = world_.AddSession("carol", kBobSession, kBobEngine);

  const auto ambiguous = Close(AdminWorld::Admin(), kBobSession);
  ASSERT_FALSE(ambiguous);
  EXPECT_EQ(ambiguous.error().code, Code::kInvalidArgument);
  EXPECT_NE(ambiguous.error().message.find("of carol"), std::string::npos);

  ASSERT_TRUE(Close(AdminWorld::Admin(), kBobSession, "carol"));
  EXPECT_EQ(other->state(), SessionState::kClosed);
  EXPECT_EQ(bob_->state(), SessionState::kActive);

  // A user's own is meant, whoever else uses the same id.
  ASSERT_TRUE(Close(AdminWorld::CallerOf("bob"), kBobSession));
}

TEST_F(SessionHandlersTest, FindsOnlySessionsOfTheNamedUser) {
  EXPECT_EQ(Close(AdminWorld::Admin(), kBobSession, "alice").error().code, Code::kNotFound);
  EXPECT_EQ(Close(AdminWorld::Admin(), "99999999").error().code, Code::kNotFound);
}

}  // namespace
}  // namespace foxfire::server
