#include "server/call/call_service.h"

#include "tests/unit/server/call/call_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class CallServiceTest : public CallWorld {
 protected:
  static CallHead Head(std::string_view path, std::string_view authorization) {
    CallHead head;
    head.path = path;
    head.authorization = authorization;
    head.user_agent = "grpc-python/1.60";
    head.peer = "10.0.0.1:1234";
    return head;
  }
  Call Admit(const std::string& method, const std::string& user = "alice") {
    const std::string path = Path(method);
    const std::string authorization = "Bearer token-of-" + user;
    auto call = service_.Admit(Head(path, authorization));
    EXPECT_TRUE(call);
    return *std::move(call);
  }
  RoutedPtr Decide(Call& call, const Envelope& envelope) {
    auto routed = std::make_shared<Routed>();
    const auto keep = [routed](RouteResult result) {
      ++routed->times;
      routed->result = std::move(result);
    };
    if (auto now = service_.RouteNow(call, envelope)) {
      keep(*std::move(now));
    } else {
      service_.RouteLater(call, envelope, {}, keep);
    }
    core_.RunUntilIdle();
    return routed;
  }
  // A call that is on its way to a live engine.
  // Of a call whose engine is dead.
  RoutedPtr Again(Call& call) {
    auto routed = std::make_shared<Routed>();
    service_.RouteLater(call, {kSession, kOperation, ""}, {}, [routed](RouteResult result) {
      ++routed->times;
      routed->result = std::move(result);
    });
    core_.RunUntilIdle();
    return routed;
  }
  Call Underway(const std::string& method, const char* session = kSession,
                const char* operation = kOperation) {
    Call call = Admit(method);
    const Envelope envelope{session, operation, "_SPARK_CONNECT_PYTHON"};
    const RoutedPtr routed = Decide(call, envelope);
    EXPECT_TRUE(routed->ok());
    service_.Routed(call, routed->route());
    service_.Began(call, envelope);
    return call;
  }
  std::string Counted(const char* code) {
    const std::string name = std::string("foxfire_calls_total{code=\"") + code + "\"} ";
    const std::string text = metrics_.Render();
    const size_t at = text.find(name);
    if (at == std::string::npos) return "";
    return text.substr(at + name.size(), text.find('\n', at) - at - name.size());
  }
};

TEST_F(CallServiceTest, OtherServicesAreNotServed) {
  for (const char* path : {"/grpc.health.v1.Health/Check", "/", "", "/spark.connect.Other/Execute",
                           "/spark.connect.SparkConnectService/"}) {
    const auto call = service_.Admit(Head(path, "Bearer token-of-alice"));
    ASSERT_FALSE(call) << path;
    EXPECT_EQ(call.error().code, Code::kUnimplemented) << path;
  }
}

TEST_F(CallServiceTest, CleaningUpStartsNoEngineButReachesOneThatRuns) {
  Call call = Admit("ExecutePlan");
  const Envelope envelope{kSession, kOperation, "", true};

  const RoutedPtr alone = Decide(call, envelope);
  AddEngine("e1", "alice");
  const RoutedPtr with_engine = Decide(call, envelope);

  EXPECT_EQ(alone->error().code, Code::kNotFound);
  EXPECT_TRUE(launcher_.launches().empty());
  ASSERT_TRUE(with_engine->ok());
  EXPECT_EQ(with_engine->route().engine->id.str(), "e1");
  EXPECT_EQ(with_engine->route().session, nullptr);
}

TEST_F(CallServiceTest, AUserWithTooManyOpenCallsCanOnlyEndSome) {
  std::vector<Call> open;
  for (size_t i = 0; i < call_options_.calls_per_user; ++i) open.push_back(Admit("ExecutePlan"));

  const auto refused = service_.Admit(Head(Path("ExecutePlan"), "Bearer token-of-alice"));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kResourceExhausted);
  EXPECT_TRUE(Contains(refused.error().message, "limits.calls_per_user"));
  EXPECT_EQ(Counted("RESOURCE_EXHAUSTED"), "1");
  open.push_back(Admit("Interrupt"));
  open.push_back(Admit("ExecutePlan", "bob"));
  for (Call& call : open) service_.Ended(call, Code::kOk);
  open.clear();
  for (size_t i = 0; i < call_options_.calls_per_user; ++i) open.push_back(Admit("ExecutePlan"));
}

TEST_F(CallServiceTest, ALongPathIsNotEchoedWhole) {
  const auto call = service_.Admit(Head("/" + std::string(5000, 'x'), ""));

  ASSERT_FALSE(call);
  EXPECT_LT(call.error().message.size(), 400U);
}

TEST_F(CallServiceTest, UnknownMethodsOfTheServiceAreServed) {
  EXPECT_TRUE(service_.Admit(Head(Path("FutureMethod"), "Bearer token-of-alice")));
}

struct RefusedCase {
  const char* authorization;
  const char* reason;
};

TEST_F(CallServiceTest, RefusalsUseTheSameWordsAndLeaveTheReasonInTheEvent) {
  const std::vector<RefusedCase> cases = {{"", "missing"},
                                          {"Basic YWxpY2U=", "malformed"},
                                          {"Bearer ", "missing"},
                                          {"Bearer wrong", "unknown"},
                                          {"Bearer revoked", "revoked"},
                                          {"Bearer expired", "expired"}};
  const std::string path = Path("ExecutePlan");
  for (const RefusedCase& c : cases) {
    const auto call = service_.Admit(Head(path, c.authorization));

    ASSERT_FALSE(call) << c.authorization;
    EXPECT_EQ(call.error().code, Code::kUnauthenticated);
    EXPECT_EQ(call.error().message, auth::kRefusalMessage);
    const std::vector<EventRecord> events = EventsOf(event::kAuthRefused);
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.back().detail, c.reason) << c.authorization;
    EXPECT_EQ(events.back().address, "10.0.0.1:1234");
    EXPECT_EQ(events.back().user, "");
  }
  EXPECT_EQ(Counted("UNAUTHENTICATED"), std::to_string(cases.size()));
}

TEST_F(CallServiceTest, OlderClientsSendTheirTokenUnderAnotherName) {
  const std::string path = Path("ExecutePlan");
  CallHead head = Head(path, "");
  head.authentication = "Bearer token-of-bob";

  const auto call = service_.Admit(head);

  ASSERT_TRUE(call);
  EXPECT_EQ(call->principal->user, UserId("bob"));
}

TEST_F(CallServiceTest, TheUsualNameWinsOverTheOlderOne) {
  const std::string path = Path("ExecutePlan");
  CallHead head = Head(path, "Bearer wrong");
  head.authentication = "Bearer token-of-bob";

  EXPECT_FALSE(service_.Admit(head));
}

TEST_F(CallServiceTest, ASessionIdMustBeAUuid) {
  Call call = Admit("ExecutePlan");
  for (const char* id : {"", "1", "11111111-2222-3333-4444-55555555555",
                         "11111111-2222-3333-4444-55555555555g", "../../etc/passwd"}) {
    const RoutedPtr routed = Decide(call, {id, kOperation, ""});
    ASSERT_TRUE(routed->result && !routed->ok()) << id;
    EXPECT_EQ(routed->error().code, Code::kInvalidArgument) << id;
    EXPECT_TRUE(Contains(routed->error().message, "session_id"));
  }
}

TEST_F(CallServiceTest, ASessionNotesItsClient) {
  AddEngine("engine", "alice");

  const Call typed = Underway("ExecutePlan");
  EXPECT_EQ(typed.session->info().client, "_SPARK_CONNECT_PYTHON");
  Call other = Admit("ExecutePlan");
  const RoutedPtr untyped = Decide(other, {kOtherSession, kOperation, ""});
  EXPECT_EQ(untyped->route().session->info().client, "grpc-python/1.60");
}

TEST_F(CallServiceTest, AnOperationIsNotedFromItsBeginningToItsEnd) {
  AddEngine("engine", "alice");
  Call call = Underway("ExecutePlan");
  EXPECT_EQ(call.session->open_calls(), 1);
  EXPECT_EQ(call.session->operations(), 1);
  const WallTime began = clock_.WallNow();
  core_.Advance(100ms);
  service_.StillRuns(call);
  service_.StillRuns(call);
  core_.Advance(1900ms);

  service_.Ended(call, Code::kCancelled);

  const std::vector<EventRecord> started = EventsOf(event::kOperationStarted);
  const std::vector<EventRecord> finished = EventsOf(event::kOperationFinished);
  ASSERT_EQ(started.size(), 1U);
  ASSERT_EQ(finished.size(), 1U);
  EXPECT_EQ(started[0].time, began);
  EXPECT_EQ(started[0].operation_id, kOperation);
  EXPECT_EQ(started[0].session_id, kSession);
  EXPECT_EQ(started[0].engine_id, "engine");
  EXPECT_EQ(started[0].user, "alice");
  EXPECT_EQ(started[0].address, "10.0.0.1:1234");
  EXPECT_EQ(finished[0].time, clock_.WallNow());
  EXPECT_EQ(finished[0].detail, "CANCELLED after 2s");
  ASSERT_EQ(store_.operations().size(), 1U);
  const OperationRow row = store_.operations()[0];
  EXPECT_EQ(row.status, static_cast<int>(Code::kCancelled));
  EXPECT_EQ(*row.ended_at - row.started_at, Duration(2s));
  EXPECT_EQ(call.session->open_calls(), 0);
  EXPECT_EQ(call.session->last_activity(), clock_.WallNow());
  EXPECT_EQ(Counted("CANCELLED"), "1");
}

TEST_F(CallServiceTest, AShortOperationIsNotedOnce) {
  AddEngine("engine", "alice");
  Call call = Underway("ExecutePlan");
  core_.Advance(7ms);

  service_.Ended(call, Code::kOk);

  EXPECT_TRUE(EventsOf(event::kOperationStarted).empty());
  ASSERT_EQ(EventsOf(event::kOperationFinished).size(), 1U);
  EXPECT_EQ(EventsOf(event::kOperationFinished)[0].detail, "OK after 7ms");
}

TEST_F(CallServiceTest, AnOperationThatNeverBeganIsNotNoted) {
  AddEngine("engine", "alice");
  Call call = Admit("ExecutePlan");
  const RoutedPtr routed = Decide(call, {kSession, kOperation, ""});
  service_.Routed(call, routed->route());
  service_.StillRuns(call);

  service_.Ended(call, Code::kCancelled);

  EXPECT_TRUE(EventsOf(event::kOperationStarted).empty());

  EXPECT_TRUE(EventsOf(event::kOperationFinished).empty());
  EXPECT_TRUE(store_.operations().empty());
  EXPECT_EQ(call.session->open_calls(), 0);
}

TEST_F(CallServiceTest, OtherCallsAreNoOperations) {
  AddEngine("engine", "alice");
  Call call = Underway("AnalyzePlan");

  service_.Ended(call, Code::kOk);

  EXPECT_TRUE(EventsOf(event::kOperationStarted).empty());
  EXPECT_TRUE(store_.operations().empty());
  EXPECT_EQ(call.session->operations(), 0);
}

TEST_F(CallServiceTest, ReleaseSessionEndsTheSessionAndItsBinding) {
  AddEngine("engine", "alice");
  Call first = Underway("ExecutePlan");
  service_.Ended(first, Code::kOk);
  ASSERT_EQ(directory_.sessions(), 1U);
  Call release = Underway("ReleaseSession");

  service_.Ended(release, Code::kOk);
  core_.RunUntilIdle();

  EXPECT_EQ(release.session->state(), SessionState::kClosed);
  EXPECT_EQ(directory_.sessions(), 0U);
  EXPECT_EQ(EventsOf(event::kSessionClosed).size(), 1U);
}

TEST_F(CallServiceTest, ASessionReleasedWhileZooKeeperIsAwayIsUnboundWhenItIsBack) {
  AddEngine("engine", "alice");
  Call first = Underway("ExecutePlan");
  service_.Ended(first, Code::kOk);
  Call release = Underway("ReleaseSession");
  directory_.SetStale(true);
  service_.Ended(release, Code::kOk);
  core_.Advance(1min);
  ASSERT_EQ(directory_.sessions(), 1U);

  directory_.SetStale(false);
  core_.Advance(1s);

  EXPECT_EQ(directory_.sessions(), 0U);
}

TEST_F(CallServiceTest, ACallThatEndsWhileItWaitsForAnEngineOpensNoSession) {
  Call gone = Admit("ExecutePlan");
  Call stays = Admit("ExecutePlan");
  const RoutedPtr first = Decide(gone, {kSession, kOperation, ""});
  const RoutedPtr second = Decide(stays, {kOtherSession, kOperation, ""});

  service_.Ended(gone, Code::kCancelled);
  RegisterLaunched();

  ASSERT_EQ(first->times, 1);
  ASSERT_FALSE(first->ok());
  EXPECT_EQ(first->error().code, Code::kCancelled);
  EXPECT_EQ(sessions_.Find(UserId("alice"), SessionId(kSession)), nullptr);
  EXPECT_FALSE(directory_.BindingOf(UserId("alice"), SessionId(kSession)));
  EXPECT_TRUE(second->ok());
}

TEST_F(CallServiceTest, AReleaseThatFailedLeavesTheSession) {
  AddEngine("engine", "alice");
  Call first = Underway("ExecutePlan");
  service_.Ended(first, Code::kOk);
  Call release = Underway("ReleaseSession");

  service_.Ended(release, Code::kUnavailable);
  core_.RunUntilIdle();

  EXPECT_EQ(release.session->state(), SessionState::kActive);
  EXPECT_EQ(directory_.sessions(), 1U);
}

TEST_F(CallServiceTest, ACallIsCountedOnceHoweverOftenItIsRouted) {
  AddEngine("engine", "alice");
  Call call = Underway("ExecutePlan");
  const SessionPtr first = call.session;

  service_.EngineIsDead(EngineId("engine"), "its port refuses connections");
  service_.Unrouted(call);
  EXPECT_EQ(first->open_calls(), 0);
  const RoutedPtr routed = Again(call);
  const EngineId next = RegisterLaunched();

  ASSERT_TRUE(routed->ok());
  EXPECT_EQ(routed->route().engine->id, next);
  service_.Routed(call, routed->route());
  EXPECT_EQ(call.session->open_calls(), 1);
  EXPECT_EQ(first->state(), SessionState::kLost);
}

TEST_F(CallServiceTest, AnOperationThatIsBetweenTwoEnginesIsNotedWhenItHasOne) {
  AddEngine("engine", "alice");
  Call call = Underway("ExecutePlan");
  service_.EngineIsDead(EngineId("engine"), "its port refuses connections");
  service_.Unrouted(call);

  service_.StillRuns(call);
  EXPECT_TRUE(EventsOf(event::kOperationStarted).empty());

  const RoutedPtr routed = Again(call);
  const EngineId next = RegisterLaunched();
  service_.Routed(call, routed->route());
  service_.StillRuns(call);
  ASSERT_EQ(EventsOf(event::kOperationStarted).size(), 1U);
  EXPECT_EQ(EventsOf(event::kOperationStarted)[0].engine_id, next.str());
}

TEST_F(CallServiceTest, WhatTheClientOfADeadEngineHearsDependsOnWhatItHasHeard) {
  AddEngine("engine", "alice");
  Call call = Underway("ExecutePlan");

  EXPECT_TRUE(CallService::MayRouteAgain(call));
  EXPECT_EQ(CallService::EngineDiedStatus(call).code, Code::kUnavailable);
  service_.Answered(call);
  EXPECT_FALSE(CallService::MayRouteAgain(call));
  EXPECT_TRUE(IsSessionChanged(CallService::EngineDiedStatus(call)));
  call.session = nullptr;
  EXPECT_FALSE(CallService::MayRouteAgain(call));
  EXPECT_EQ(CallService::EngineDiedStatus(call).code, Code::kNotFound);
}

TEST_F(CallServiceTest, CallsThatAreOpenAreCounted) {
  AddEngine("engine", "alice");
  Call call = Underway("ExecutePlan");
  EXPECT_TRUE(Contains(metrics_.Render(), "foxfire_calls_open 1"));

  service_.Ended(call, Code::kOk);

  EXPECT_TRUE(Contains(metrics_.Render(), "foxfire_calls_open 0"));
  EXPECT_EQ(Counted("OK"), "1");
}

}  // namespace
}  // namespace foxfire::server
