#include "server/call/session_router.h"

#include "tests/unit/server/call/call_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using Op = discovery::InMemoryEngineDirectory::Op;

class SessionRouterTest : public CallWorld {
 protected:
  std::optional<RouteResult> Now(const std::string& user, const char* session,
                                 const std::string& method = "ExecutePlan") const {
    return router_.RouteNow(TraitsOf(Path(method)), UserId(user), SessionId(session));
  }
};

TEST_F(SessionRouterTest, AKnownSessionGoesToItsEngineAtOnce) {
  AddEngine("engine", "alice");
  const RoutedPtr first = Later(Request("alice", kSession));
  ASSERT_TRUE(first->ok());

  const auto again = Now("alice", kSession);

  ASSERT_TRUE(again && again->has_value());
  EXPECT_EQ((*again)->engine->id, EngineId("engine"));
  EXPECT_EQ((*again)->session, first->route().session);
}

TEST_F(SessionRouterTest, SomebodyElsesSessionIdIsUnknown) {
  AddEngine("of-alice", "alice");
  AddEngine("of-bob", "bob");
  Later(Request("alice", kSession));

  EXPECT_FALSE(Now("bob", kSession));
  const RoutedPtr bobs = Later(Request("bob", kSession));

  ASSERT_TRUE(bobs->ok());
  EXPECT_EQ(bobs->route().engine->id, EngineId("of-bob")) << "it opens the caller's own";
  EXPECT_EQ(bobs->route().session->info().user, UserId("bob"));
}

TEST_F(SessionRouterTest, ANewSessionIsBoundToTheLiveEngine) {
  AddEngine("engine", "alice");

  const RoutedPtr routed = Later(Request("alice", kSession));

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->times, 1);
  EXPECT_EQ(routed->route().engine->id, EngineId("engine"));
  EXPECT_EQ(routed->route().session->info().client, "pyspark");
  EXPECT_EQ(routed->route().session->info().address, "127.0.0.1:9");
  EXPECT_EQ(directory_.sessions(), 1U);
  EXPECT_TRUE(launcher_.launches().empty());
}

TEST_F(SessionRouterTest, ANewSessionWithoutAnEngineStartsOne) {
  const RoutedPtr routed = Later(Request("alice", kSession));
  EXPECT_EQ(routed->times, 0);

  const EngineId id = RegisterLaunched();

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().engine->id, id);
  EXPECT_EQ(launcher_.launches().at(0).run_as, "alice");
}

TEST_F(SessionRouterTest, ALaunchThatFailsIsTheCallsAnswer) {
  launcher_.FailLaunches(Error{Code::kNotFound, "no java"});

  const RoutedPtr routed = Later(Request("alice", kSession));

  ASSERT_FALSE(routed->ok());
  EXPECT_EQ(routed->error().code, Code::kFailedPrecondition);
  EXPECT_TRUE(Contains(routed->error().message, "no java"));
  EXPECT_EQ(sessions_.Find(UserId("alice"), SessionId(kSession)), nullptr);
}

TEST_F(SessionRouterTest, AProfileThatDoesNotExistIsRefused) {
  RouteRequest request = Request("alice", kSession);
  request.wish.profile = "nope";

  const RoutedPtr routed = Later(std::move(request));

  ASSERT_FALSE(routed->ok());
  EXPECT_EQ(routed->error().code, Code::kPermissionDenied);
}

TEST_F(SessionRouterTest, TheProfileAndTheSubdomainArePartsOfTheKey) {
  AddEngine("default-engine", "alice");
  RouteRequest request = Request("alice", kSession);
  request.wish.profile = "etl";
  request.wish.subdomain = "nightly";

  Later(std::move(request));

  ASSERT_EQ(launcher_.launches().size(), 1U);
  EXPECT_EQ(launcher_.launches()[0].key, (EngineKey{ShareLevel::kUser, "alice", "etl", "nightly"}));
}

TEST_F(SessionRouterTest, ASessionThatAnotherGatewayBoundStaysWithItsEngine) {
  AddEngine("older", "alice");
  clock_.Advance(1s);
  AddEngine("theirs", "alice");
  BindElsewhere(Binding("alice", "theirs"));

  const RoutedPtr routed = Later(Request("alice", kSession));

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().engine->id, EngineId("theirs"));
}

TEST_F(SessionRouterTest, OtherGatewaysHearThatASessionOfTheirsIsUsedHere) {
  AddEngine("engine", "alice");
  BindElsewhere(Binding("alice", "engine"));
  clock_.Advance(1s);

  ASSERT_TRUE(Later(Request("alice", kSession))->ok());

  EXPECT_EQ(directory_.BindingOf(UserId("alice"), SessionId(kSession))->used_at, clock_.WallNow());
}

TEST_F(SessionRouterTest, ASessionOfAnEngineThatIsGoneHasChanged) {
  AddEngine("engine", "alice");
  BindElsewhere(Binding("alice", "gone"));

  const RoutedPtr routed = Later(Request("alice", kSession));

  ASSERT_FALSE(routed->ok());
  EXPECT_TRUE(IsSessionChanged(routed->error()));
}

TEST_F(SessionRouterTest, ALostSessionHasChanged) {
  AddEngine("engine", "alice");
  Answered(Later(Request("alice", kSession))->route().session);
  EndEngine("engine");
  AddEngine("next", "alice");

  const auto answer = Now("alice", kSession);

  ASSERT_TRUE(answer && !answer->has_value());
  EXPECT_TRUE(IsSessionChanged(answer->error()));
  EXPECT_TRUE(Contains(answer->error().message, kSession));
}

TEST_F(SessionRouterTest, ASessionThatWasEndedByAnAdministratorHasChanged) {
  AddEngine("engine", "alice");
  const SessionPtr session = Answered(Later(Request("alice", kSession))->route().session);
  sessions_.End(session, SessionState::kClosed, "closed by root");

  const auto answer = Now("alice", kSession);

  ASSERT_TRUE(answer && !answer->has_value());
  EXPECT_TRUE(IsSessionChanged(answer->error()));
}

TEST_F(SessionRouterTest, ALostSessionWithoutAnAnswerYetIsBoundAnew) {
  AddEngine("engine", "alice");
  const SessionPtr lost = Later(Request("alice", kSession))->route().session;
  EndEngine("engine");
  ASSERT_EQ(lost->state(), SessionState::kLost);
  AddEngine("next", "alice");

  EXPECT_FALSE(Now("alice", kSession));
  const RoutedPtr routed = Later(Request("alice", kSession));

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().engine->id, EngineId("next"));
  EXPECT_NE(routed->route().session, lost);
}

TEST_F(SessionRouterTest, ALostSessionThatAnotherGatewayBoundHasChanged) {
  AddEngine("engine", "alice");
  BindElsewhere(Binding("alice", "engine"));
  clock_.Advance(1s);
  ASSERT_TRUE(Later(Request("alice", kSession))->ok()) << "and this gateway answers nothing";
  EndEngine("engine");
  AddEngine("next", "alice");

  const auto answer = Now("alice", kSession);

  ASSERT_TRUE(answer && !answer->has_value()) << "the other gateway may have answered it";
  EXPECT_TRUE(IsSessionChanged(answer->error()));
}

// The rules may have changed since, and hold for new sessions only.
TEST_F(SessionRouterTest, ASessionThatIsBoundStaysWhateverItsCallsAskFor) {
  AddEngine("engine", "alice");
  BindElsewhere(Binding("alice", "engine"));
  RouteRequest request = Request("alice", kSession);
  request.wish.profile = "no-such-profile";

  const RoutedPtr bound = Later(request);
  ASSERT_TRUE(bound->ok());
  EXPECT_EQ(bound->route().engine->id, EngineId("engine"));

  RouteRequest other = Request("bob", kSession);
  other.wish.profile = "no-such-profile";
  const RoutedPtr refused = Later(other);
  ASSERT_FALSE(refused->ok());
  EXPECT_EQ(refused->error().code, Code::kPermissionDenied);
}

TEST_F(SessionRouterTest, AReleasedSessionGoesOnToItsEngine) {
  AddEngine("engine", "alice");
  const SessionPtr session = Answered(Later(Request("alice", kSession))->route().session);
  sessions_.Release(session);

  const auto answer = Now("alice", kSession, "ReleaseSession");

  ASSERT_TRUE(answer && answer->has_value());
  EXPECT_EQ((*answer)->engine->id, EngineId("engine"));
}

TEST_F(SessionRouterTest, AReleasedSessionIsOpenedAgainOnANewEngine) {
  AddEngine("engine", "alice");
  const SessionPtr session = Answered(Later(Request("alice", kSession))->route().session);
  sessions_.Release(session);
  directory_.UnbindSession(UserId("alice"), SessionId(kSession), [](const Result<void>&) {});
  EndEngine("engine");
  AddEngine("next", "alice");

  EXPECT_FALSE(Now("alice", kSession));
  const RoutedPtr routed = Later(Request("alice", kSession));

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().engine->id, EngineId("next"));
}

TEST_F(SessionRouterTest, AMethodThatOnlyLooksDoesNotStartAnEngine) {
  for (const char* method : {"ReleaseSession", "Interrupt", "ReattachExecute", "ReleaseExecute",
                             "FetchErrorDetails", "GetStatus"}) {
    const RoutedPtr routed = Later(Request("alice", kSession, method));
    ASSERT_TRUE(routed->result && !routed->ok()) << method;
    EXPECT_EQ(routed->error().code, Code::kNotFound) << method;
    EXPECT_TRUE(Contains(routed->error().message, method));
  }
  EXPECT_TRUE(launcher_.launches().empty());
}

TEST_F(SessionRouterTest, AMethodThatOnlyLooksReachesALiveEngineWithoutASession) {
  AddEngine("engine", "alice");

  const RoutedPtr routed = Later(Request("alice", kSession, "ReleaseSession"));

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().engine->id, EngineId("engine"));
  EXPECT_EQ(routed->route().session, nullptr);
  EXPECT_EQ(directory_.sessions(), 0U);
}

TEST_F(SessionRouterTest, AMethodThatOnlyLooksFindsASessionOfAnotherGateway) {
  AddEngine("engine", "alice");
  BindElsewhere(Binding("alice", "engine"));

  const RoutedPtr routed = Later(Request("alice", kSession, "Interrupt"));

  ASSERT_TRUE(routed->ok());
  ASSERT_NE(routed->route().session, nullptr);
  EXPECT_EQ(routed->route().session->info().id, SessionId(kSession));
}

TEST_F(SessionRouterTest, WhileZooKeeperIsAwayNewSessionsOpenOnALiveEngine) {
  AddEngine("engine", "alice");
  directory_.SetStale(true);

  const RoutedPtr routed = Later(Request("alice", kSession));

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().engine->id, EngineId("engine"));
  EXPECT_NE(routed->route().session, nullptr);
  EXPECT_EQ(directory_.sessions(), 0U);
}

TEST_F(SessionRouterTest, TwoFirstCallsOfASessionShareIt) {
  auto first = std::make_shared<Routed>();
  auto second = std::make_shared<Routed>();
  for (const RoutedPtr& routed : {first, second}) {
    router_.RouteLater(Request("alice", kSession), [routed](RouteResult result) {
      ++routed->times;
      routed->result = std::move(result);
    });
  }
  core_.RunUntilIdle();

  RegisterLaunched();

  ASSERT_TRUE(first->ok() && second->ok());
  EXPECT_EQ(first->route().session, second->route().session);
  EXPECT_EQ(EventsOf(event::kSessionOpened).size(), 1U);
}

TEST_F(SessionRouterTest, NewKeyOptionsCountForNewSessionsOnly) {
  AddEngine("engine", "alice");
  ASSERT_TRUE(Later(Request("alice", kSession))->ok());
  EngineKeyOptions keys;
  keys.profiles = {"default", "etl"};
  keys.everybody.profile = "etl";

  router_.SetKeys(keys);

  EXPECT_EQ(router_.keys().Get()->everybody.profile, "etl");
  const RoutedPtr same = Later(Request("alice", kSession));
  ASSERT_TRUE(same->ok());
  EXPECT_EQ(same->route().engine->id, EngineId("engine"));
  EXPECT_TRUE(launcher_.launches().empty());
  Later(Request("alice", "99999999-2222-3333-4444-555555555555"));
  ASSERT_EQ(launcher_.launches().size(), 1U);
  EXPECT_EQ(launcher_.launches()[0].key.profile, "etl");
}

TEST_F(SessionRouterTest, ALaunchHasWhatTheOwnersSectionAndTheClientSay) {
  EngineKeyOptions keys;
  keys.users["alice"].overrides.queue = "vip";
  keys.users["alice"].spark_conf = {{"spark.x", "owner"}};
  keys.client_conf["default"] = {"spark.y"};
  router_.SetKeys(keys);
  RouteRequest request = Request("alice", kSession);
  request.wish.conf = {{"spark.y", "client"}};

  Later(std::move(request));

  ASSERT_EQ(launcher_.launches().size(), 1U);
  EXPECT_EQ(launcher_.launches()[0].overrides.queue, "vip");
  EXPECT_EQ(launcher_.launches()[0].spark_conf,
            (std::map<std::string, std::string>{{"spark.x", "owner"}, {"spark.y", "client"}}));
}

TEST_F(SessionRouterTest, BeforeTheDirectoryIsReadASessionIsHeldNotRefused) {
  directory_.SetSynced(false);
  core_.RunUntilIdle();
  EngineBroker young({}, SecretsBy([](const EngineId&) { return Secret("s"); }),
                     {directory_, launcher_, sessions_, store_, probes_, core_, metrics_});
  SessionRouter router({}, sessions_, young, directory_, bindings_, core_, metrics_);
  ASSERT_TRUE(young.Start());
  Answered(sessions_.Open({UserId("alice"), SessionId(kSession), Key("alice"), EngineId("engine"),
                           clock_.WallNow(), "pyspark", ""}));
  EXPECT_FALSE(
      router.RouteNow(TraitsOf(Path("ExecutePlan")), UserId("alice"), SessionId(kSession)));
  auto routed = std::make_shared<Routed>();
  router.RouteLater(Request("alice", kSession), [routed](RouteResult result) {
    ++routed->times;
    routed->result = std::move(result);
  });
  core_.Advance(1s);
  EXPECT_EQ(routed->times, 0);

  AddEngine("engine", "alice");
  directory_.SetSynced(true);
  core_.RunUntilIdle();

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().engine->id, EngineId("engine"));
}

}  // namespace
}  // namespace foxfire::server
