#include "server/admin/event_handlers.h"

#include <gtest/gtest.h>

#include "common/units.h"
#include "tests/unit/server/admin/admin_world.h"

namespace foxfire::server {
namespace {

using Details = std::vector<std::string>;

class EventHandlersTest : public testing::Test {
 protected:
  EventHandlersTest() {
    Add("session_opened", "alice", kAliceSession, kAliceEngine, "1");
    Add("session_opened", "bob", kBobSession, kBobEngine, "2");
    Add("session_closed", "alice", kAliceSession, kAliceEngine, "3");
    Add("gateway_started", "", "", "", "4");
  }

  void Add(const char* type, const char* user, const char* session, const char* engine,
           const char* detail) {
    clock_.Advance(std::chrono::seconds(1));
    store_.Append({0, clock_.WallNow(), type, user, session, engine, "", "", detail});
  }

  Details List(const Caller& caller, const pb::ListEventsRequest& request = {}) {
    const auto events = handlers_.List(caller, request);
    if (!events) return {events.error().ToString()};
    Details details;
    for (const pb::Event& event : events->events()) details.push_back(event.detail());
    return details;
  }

  FakeClock clock_;
  InMemoryEventStore store_;
  EventHandlers handlers_{store_};
};

TEST_F(EventHandlersTest, ShowsEverythingToAdministrators) {
  EXPECT_EQ(List(AdminWorld::Admin()), Details({"1", "2", "3", "4"}));
}

TEST_F(EventHandlersTest, ShowsOthersTheirOwn) {
  EXPECT_EQ(List(AdminWorld::CallerOf("alice")), Details({"1", "3"}));

  pb::ListEventsRequest request;
  request.set_user("bob");
  EXPECT_EQ(List(AdminWorld::CallerOf("alice"), request).front().rfind("PERMISSION_DENIED", 0), 0U);
  request.set_user("");
  request.set_session_id(kBobSession);
  EXPECT_EQ(List(AdminWorld::CallerOf("alice"), request), Details());
}

TEST_F(EventHandlersTest, FiltersAsAsked) {
  pb::ListEventsRequest by_type;
  by_type.set_type("session_opened");
  EXPECT_EQ(List(AdminWorld::Admin(), by_type), Details({"1", "2"}));

  pb::ListEventsRequest by_user;
  by_user.set_user("bob");
  EXPECT_EQ(List(AdminWorld::Admin(), by_user), Details({"2"}));

  pb::ListEventsRequest by_session;
  by_session.set_session_id(kAliceSession);
  EXPECT_EQ(List(AdminWorld::Admin(), by_session), Details({"1", "3"}));

  pb::ListEventsRequest newest;
  newest.set_limit(2);
  EXPECT_EQ(List(AdminWorld::Admin(), newest), Details({"3", "4"}));

  pb::ListEventsRequest late;
  late.set_since_ms(ToUnixMillis(clock_.WallNow()));
  EXPECT_EQ(List(AdminWorld::Admin(), late), Details({"4"}));
}

TEST_F(EventHandlersTest, TakesTheBeginningOfAnId) {
  pb::ListEventsRequest request;
  request.set_engine_id("aaaaaaaa");
  EXPECT_EQ(List(AdminWorld::Admin(), request), Details({"1", "3"}));

  request.set_session_id("11111111");
  request.set_limit(1);
  EXPECT_EQ(List(AdminWorld::Admin(), request), Details({"3"}));

  request.set_session_id(kBobSession);
  EXPECT_EQ(List(AdminWorld::Admin(), request), Details());
}

TEST_F(EventHandlersTest, RefusesWhatMakesNoSense) {
  pb::ListEventsRequest many;
  many.set_limit(100'001);
  pb::ListEventsRequest early;
  early.set_since_ms(-1);
  pb::ListEventsRequest late;
  late.set_since_ms(INT64_MAX);
  pb::ListEventsRequest brief;
  brief.set_engine_id("aaaa");
  for (const auto& request : {many, early, late, brief}) {
    const auto events = handlers_.List(AdminWorld::Admin(), request);
    ASSERT_FALSE(events);
    EXPECT_EQ(events.error().code, Code::kInvalidArgument) << events.error().message;
  }
}

TEST_F(EventHandlersTest, SaysThatTheStoreCannotBeRead) {
  store_.FailReads({Code::kUnavailable, "disk full"});

  EXPECT_EQ(List(AdminWorld::Admin()), Details({"UNAVAILABLE: disk full"}));
}

}  // namespace
}  // namespace foxfire::server
