// What becomes of sessions whose engine is lost, whose client comes to another gateway, or that
// ZooKeeper cannot tell of at the moment.
#include "server/call/session_router.h"
#include "tests/unit/server/call/call_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using Op = discovery::InMemoryEngineDirectory::Op;

using SessionMovesTest = CallWorld;

TEST_F(SessionMovesTest, ASessionOpenedWhileZooKeeperIsAwayIsBoundWhenItIsBack) {
  AddEngine("engine", "alice");
  directory_.FailNext(Op::kBindSession, {Code::kUnavailable, "connection loss"});
  directory_.FailNext(Op::kBindSession, {Code::kUnavailable, "connection loss"});
  ASSERT_TRUE(Later(Request("alice", kSession))->ok());
  EXPECT_FALSE(directory_.BindingOf(UserId("alice"), SessionId(kSession)));

  core_.Advance(1s);
  EXPECT_FALSE(directory_.BindingOf(UserId("alice"), SessionId(kSession))) << "still away";
  core_.Advance(1s);

  const auto binding = directory_.BindingOf(UserId("alice"), SessionId(kSession));
  ASSERT_TRUE(binding);
  EXPECT_EQ(binding->engine, EngineId("engine"));
}

TEST_F(SessionMovesTest, ASessionWithAnAnswerGoesToTheOnlyEngineWhileZooKeeperIsAway) {
  AddEngine("engine", "alice");
  AddEngine("of-bob", "bob");
  directory_.FailNext(Op::kFindSession, {Code::kUnavailable, "connection loss"});

  const RoutedPtr routed = Later(Returning("alice", kSession));

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().engine->id, EngineId("engine"));
  core_.Advance(1s);
  EXPECT_EQ(directory_.BindingOf(UserId("alice"), SessionId(kSession))->engine, EngineId("engine"));
}

TEST_F(SessionMovesTest, ASessionWithAnAnswerIsNotPutOnOneOfSeveralEnginesByAGuess) {
  AddEngine("engine", "alice");
  AddEngine("other", "alice");
  RouteRequest request = Returning("alice", kSession);
  directory_.FailNext(Op::kFindSession, {Code::kUnavailable, "connection loss"});
  const RoutedPtr routed = Later(request);
  request.method = &TraitsOf(Path("ReattachExecute"));
  directory_.FailNext(Op::kFindSession, {Code::kUnavailable, "connection loss"});
  const RoutedPtr reattached = Later(request);

  for (const RoutedPtr& call : {routed, reattached}) {
    ASSERT_FALSE(call->ok());
    EXPECT_EQ(call->error().code, Code::kUnavailable) << "its client tries again";
    EXPECT_TRUE(Contains(call->error().message, kSession)) << call->error().message;
  }
  EXPECT_EQ(sessions_.Find(UserId("alice"), SessionId(kSession)), nullptr);
}

TEST_F(SessionMovesTest, AWrongGuessIsPutRightOnceZooKeeperAnswers) {
  AddEngine("engine", "alice");
  BindElsewhere(Binding("alice", "theirs"));
  RouteRequest request = Returning("alice", kSession);
  directory_.FailNext(Op::kFindSession, {Code::kUnavailable, "connection loss"});
  ASSERT_TRUE(Later(request)->ok());
  core_.Advance(1s);
  AddEngine("theirs", "alice");

  const RoutedPtr routed = Later(request);

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().engine->id, EngineId("theirs"));
}

TEST_F(SessionMovesTest, ASessionWhoseRouteIsNotNamedIsNotPutOnAnEngineByAGuess) {
  EngineKeyOptions keys;
  keys.profiles = {"default"};
  keys.routing.routes.emplace_back().team = "data";
  router_.SetKeys(keys);
  AddEngine("of-default", "alice");
  RouteRequest request = Returning("alice", kSession);
  directory_.FailNext(Op::kFindSession, {Code::kUnavailable, "connection loss"});

  const RoutedPtr routed = Later(std::move(request));

  ASSERT_FALSE(routed->ok());
  EXPECT_EQ(routed->error().code, Code::kUnavailable) << "its first Config request named the team";
}

TEST_F(SessionMovesTest, GuessesKeepToTheLimits) {
  AddEngine("engine", "alice");
  std::vector<RoutedPtr> answers;
  for (int n = 0; n < 5; ++n) {
    directory_.FailNext(Op::kFindSession, {Code::kUnavailable, "connection loss"});
    answers.push_back(
        Later(Returning("alice", ("5555555" + std::to_string(n) + (kSession + 8)).c_str())));
  }

  EXPECT_TRUE(answers[3]->ok());
  ASSERT_FALSE(answers[4]->ok()) << "four are what an engine of this test takes";
  EXPECT_EQ(answers[4]->error().code, Code::kResourceExhausted);
}

TEST_F(SessionMovesTest, ASessionWithAnAnswerStartsNoEngineWhileZooKeeperIsAway) {
  directory_.FailNext(Op::kFindSession, {Code::kUnavailable, "connection loss"});

  const RoutedPtr routed = Later(Returning("alice", kSession));

  ASSERT_FALSE(routed->ok());
  EXPECT_EQ(routed->error().code, Code::kUnavailable);
  EXPECT_TRUE(launcher_.launches().empty());
}

TEST_F(SessionMovesTest, ASessionThatHasEndedMeanwhileIsNotBound) {
  AddEngine("engine", "alice");
  directory_.FailNext(Op::kBindSession, {Code::kUnavailable, "connection loss"});
  const RoutedPtr routed = Later(Request("alice", kSession));
  sessions_.End(routed->route().session, SessionState::kClosed, "released");

  core_.Advance(1min);

  EXPECT_FALSE(directory_.BindingOf(UserId("alice"), SessionId(kSession)));
}

TEST_F(SessionMovesTest, AForgottenSessionLeavesANewerBindingAlone) {
  AddEngine("engine", "alice");
  ASSERT_TRUE(Later(Request("alice", kSession))->ok());
  directory_.UnbindSession(UserId("alice"), SessionId(kSession), [](const Result<void>&) {});
  EndEngine("engine");
  AddEngine("next", "alice");
  BindElsewhere(Binding("alice", "next"));
  AddEngine("youngest", "alice");

  const RoutedPtr routed = Later(Request("alice", kSession));

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().engine->id, EngineId("next"));
  EXPECT_EQ(directory_.BindingOf(UserId("alice"), SessionId(kSession))->engine, EngineId("next"));
}

TEST_F(SessionMovesTest, ALostSessionThatItsClientSaysWasAnsweredElsewhereHasChanged) {
  AddEngine("engine", "alice");
  Later(Request("alice", kSession));
  EndEngine("engine");
  AddEngine("next", "alice");

  const RoutedPtr routed = Later(Returning("alice", kSession));

  ASSERT_FALSE(routed->ok());
  EXPECT_TRUE(IsSessionChanged(routed->error()));
}

TEST_F(SessionMovesTest, ASessionThatWasLostHereButIsBoundAnewElsewhereGoesThere) {
  AddEngine("engine", "alice");
  directory_.FailNext(Op::kBindSession, {Code::kUnavailable, "connection loss"});
  Later(Request("alice", kSession));
  EndEngine("engine");
  AddEngine("next", "alice");
  BindElsewhere(Binding("alice", "next"));

  const RoutedPtr routed = Later(Returning("alice", kSession));

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().engine->id, EngineId("next"));
}

TEST_F(SessionMovesTest, ASessionThatCouldNotBeUnboundIsNotForgotten) {
  AddEngine("engine", "alice");
  Later(Request("alice", kSession));
  EndEngine("engine");
  AddEngine("next", "alice");
  directory_.FailNext(Op::kUnbindSession, {Code::kUnavailable, "connection loss"});
  ASSERT_FALSE(Later(Request("alice", kSession))->ok());

  const RoutedPtr again = Later(Request("alice", kSession));

  ASSERT_TRUE(again->ok()) << "SESSION_CHANGED would be its first answer: "
                           << again->error().message;
  EXPECT_EQ(again->route().engine->id, EngineId("next"));
}

TEST_F(SessionMovesTest, AnEngineThatTheViewDoesNotShowYetHasNotEnded) {
  AddEngine("engine", "alice");
  BindElsewhere(Binding("alice", "young"));
  directory_.AddUnseen(EngineId("young"));

  const RoutedPtr routed = Later(Request("alice", kSession));

  ASSERT_FALSE(routed->ok());
  EXPECT_EQ(routed->error().code, Code::kUnavailable) << "its client tries again";
}

TEST_F(SessionMovesTest, ARegisteredEngineThatIsDownHasEndedThoughItsNodeStays) {
  AddEngine("engine", "alice", "root");
  BindElsewhere(Binding("alice", "engine"));
  broker_.ReportDead(EngineId("engine"), "it refuses connections");
  core_.RunUntilIdle();

  const RoutedPtr routed = Later(Request("alice", kSession));

  ASSERT_FALSE(routed->ok());
  EXPECT_TRUE(IsSessionChanged(routed->error()));
}

TEST_F(SessionMovesTest, ABindingThatNobodyCanReadDoesNotHoldALostSessionUp) {
  AddEngine("engine", "alice");
  Later(Request("alice", kSession));
  EndEngine("engine");
  AddEngine("next", "alice");
  directory_.FailNext(Op::kFindSession, {Code::kInvalidArgument, "not JSON"});
  directory_.FailNext(Op::kBindSession, {Code::kInvalidArgument, "not JSON"});

  const RoutedPtr routed = Later(Request("alice", kSession));

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().session->info().id, SessionId(kSession));
}

TEST_F(SessionMovesTest, ASessionThatIsLostBeforeItWasBoundIsBoundAllTheSame) {
  AddEngine("engine", "alice");
  directory_.FailNext(Op::kBindSession, {Code::kUnavailable, "connection loss"});
  Answered(Later(Request("alice", kSession))->route().session);
  EndEngine("engine");

  core_.Advance(1s);

  EXPECT_TRUE(directory_.BindingOf(UserId("alice"), SessionId(kSession)))
      << "other gateways tell its client that it has changed";
}

TEST_F(SessionMovesTest, ALostSessionThatAnotherGatewayHasUsedHasChanged) {
  AddEngine("engine", "alice");
  ASSERT_TRUE(Later(Request("alice", kSession))->ok());
  discovery::SessionBinding theirs = *directory_.BindingOf(UserId("alice"), SessionId(kSession));
  theirs.used_at = clock_.WallNow() + 1s;
  directory_.NoteSessionUse(theirs, [](const Result<void>& noted) { EXPECT_TRUE(noted); });
  core_.RunUntilIdle();
  EndEngine("engine");
  AddEngine("next", "alice");

  for (const char* again : {"the first call", "the next one"}) {
    const RoutedPtr routed = Later(Request("alice", kSession));
    ASSERT_FALSE(routed->ok()) << again;
    EXPECT_TRUE(IsSessionChanged(routed->error())) << again;
  }
  EXPECT_TRUE(directory_.BindingOf(UserId("alice"), SessionId(kSession))) << "others say so too";
}

TEST_F(SessionMovesTest, ALostSessionCannotBeBoundAnewWhileZooKeeperIsAway) {
  AddEngine("engine", "alice");
  Later(Request("alice", kSession));
  EndEngine("engine");
  AddEngine("next", "alice");
  directory_.FailNext(Op::kUnbindSession, {Code::kUnavailable, "connection loss"});

  const RoutedPtr routed = Later(Request("alice", kSession));

  ASSERT_FALSE(routed->ok());
  EXPECT_EQ(routed->error().code, Code::kUnavailable) << "its client tries again";
}

}  // namespace
}  // namespace foxfire::server
