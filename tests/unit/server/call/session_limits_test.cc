// limits.sessions_per_user and limits.sessions_per_engine, and where many new sessions go.
#include <algorithm>

#include "server/call/opening_sessions.h"
#include "server/call/session_router.h"
#include "tests/unit/server/call/call_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class SessionLimitsTest : public CallWorld {
 protected:
  static std::string SessionNumber(int n) {
    return "00000000-0000-0000-0000-00000000000" + std::to_string(n);
  }
  // Of new sessions, all at the same time.
  std::vector<RoutedPtr> BeginMany(int calls) {
    std::vector<RoutedPtr> all;
    for (int n = 0; n < calls; ++n) {
      all.push_back(Begin(Request("alice", SessionNumber(n).c_str())));
    }
    return all;
  }
  static size_t CountOk(const std::vector<RoutedPtr>& all) {
    return static_cast<size_t>(
        std::count_if(all.begin(), all.end(), [](const RoutedPtr& one) { return one->ok(); }));
  }
};

// call_world.h: four sessions on an engine, five of a user.
TEST_F(SessionLimitsTest, SessionsOfAnEngineAndOfAUserHaveLimits) {
  AddEngine("engine", "alice");
  for (int n = 0; n < 4; ++n) ASSERT_TRUE(Later(Request("alice", SessionNumber(n).c_str()))->ok());

  const RoutedPtr fifth = Later(Request("alice", SessionNumber(4).c_str()));
  RouteRequest elsewhere = Request("alice", SessionNumber(5).c_str());
  elsewhere.wish.subdomain = "other";
  Later(elsewhere);
  discovery::EngineRecord launched;
  launched.id = launcher_.launches().at(0).id;
  launched.key = launcher_.launches().at(0).key;
  launched.host = "127.0.0.1";
  launched.port = 4041;
  directory_.AddEngine(launched);
  core_.RunUntilIdle();
  const RoutedPtr sixth = Later(Request("alice", SessionNumber(6).c_str()));

  ASSERT_FALSE(fifth->ok());
  EXPECT_EQ(fifth->error().code, Code::kResourceExhausted);
  EXPECT_TRUE(Contains(fifth->error().message, "limits.sessions_per_engine"));
  EXPECT_TRUE(Contains(fifth->error().details, "google.rpc.RetryInfo"));
  ASSERT_FALSE(sixth->ok());
  EXPECT_TRUE(Contains(sixth->error().message, "limits.sessions_per_user"));
  EXPECT_FALSE(Contains(sixth->error().details, "google.rpc.RetryInfo")) << "waiting does not help";
  EXPECT_TRUE(
      router_.RouteNow(TraitsOf(Path("ExecutePlan")), UserId("alice"), SessionId(SessionNumber(0)))
          ->has_value())
      << "those that are there go on";

  sessions_.Release(sessions_.Find(UserId("alice"), SessionId(SessionNumber(0))));
  EXPECT_TRUE(Later(Request("alice", SessionNumber(6).c_str()))->ok());
}

TEST_F(SessionLimitsTest, SessionsThatOpenAtTheSameTimeAreHeldToTheLimits) {
  const std::vector<RoutedPtr> waiting = BeginMany(9);
  core_.RunUntilIdle();
  RegisterLaunched();

  EXPECT_EQ(CountOk(waiting), 4U) << "those of one engine";
  EXPECT_EQ(sessions_.ActiveOf(UserId("alice")), 4U);
  EXPECT_EQ(directory_.sessions(), 4U) << "nothing is bound for the others";
  for (const RoutedPtr& one : waiting) EXPECT_EQ(one->times, 1);
}

TEST_F(SessionLimitsTest, SessionsThatOpenOnAnEngineThatRunsAreHeldToTheLimits) {
  AddEngine("engine", "alice");
  const std::vector<RoutedPtr> all = BeginMany(9);

  core_.RunUntilIdle();

  EXPECT_EQ(CountOk(all), 4U);
  EXPECT_EQ(directory_.sessions(), 4U);
}

TEST_F(SessionLimitsTest, ASessionThatIsBoundElsewhereGivesItsPlaceBack) {
  AddEngine("engine", "alice");
  AddEngine("theirs", "alice");
  for (int n = 0; n < 4; ++n) {
    discovery::SessionBinding binding = Binding("alice", "theirs");
    binding.session = SessionId(SessionNumber(n));
    BindElsewhere(binding);
  }
  clock_.Advance(1s);
  const std::vector<RoutedPtr> theirs = BeginMany(4);
  core_.RunUntilIdle();
  ASSERT_EQ(CountOk(theirs), 4U);
  ASSERT_EQ(sessions_.ActiveOn(EngineId("theirs")), 4U);

  const RoutedPtr routed = Later(Request("alice", SessionNumber(5).c_str()));

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().engine->id, EngineId("engine"));
}

TEST_F(SessionLimitsTest, TwoFirstCallsOfASessionTakeOnePlace) {
  AddEngine("engine", "alice");
  for (int n = 0; n < 3; ++n) ASSERT_TRUE(Later(Request("alice", SessionNumber(n).c_str()))->ok());

  const RoutedPtr first = Begin(Request("alice", kSession));
  const RoutedPtr second = Begin(Request("alice", kSession));
  core_.RunUntilIdle();

  EXPECT_TRUE(first->ok() && second->ok()) << "it is the fourth, and there is room for four";
}

TEST(OpeningSessionsTest, AnOpenSessionTakesNoPlaceAmongThoseOnTheirWay) {
  OpeningSessions opening;
  const UserId user("alice");
  const SessionId session("s1");
  EXPECT_TRUE(opening.Begin(user, session, EngineId("engine")));
  EXPECT_FALSE(opening.Begin(user, session, EngineId("engine")));
  EXPECT_EQ(opening.Of(user), 1U);

  EXPECT_FALSE(opening.End(user, session, true)) << "another call is on its way";
  EXPECT_EQ(opening.Of(user), 0U);
  EXPECT_EQ(opening.On(EngineId("engine")), 0U);
  EXPECT_TRUE(opening.Has(user, session));

  const auto done = opening.End(user, session, false);
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->is_new);
  EXPECT_FALSE(opening.Has(user, session));
}

TEST_F(SessionLimitsTest, ABurstOfSessionsIsSpreadOverAPool) {
  EngineKeyOptions keys;
  keys.profiles = {"default"};
  keys.everybody.pool_size = 2;
  router_.SetKeys(keys);
  AddEngine("one", "alice");
  AddEngine("two", "alice");

  const std::vector<RoutedPtr> all = BeginMany(4);
  core_.RunUntilIdle();

  EXPECT_EQ(CountOk(all), 4U);
  EXPECT_EQ(sessions_.ActiveOn(EngineId("one")), 2U);
  EXPECT_EQ(sessions_.ActiveOn(EngineId("two")), 2U);
}

}  // namespace
}  // namespace foxfire::server
