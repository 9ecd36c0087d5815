// What a client hears when its call ends early: deadlines, cancels, engines that die.
#include "tests/integration/http2/data_plane_world.h"

namespace foxfire::server::http2 {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSessionChangedText = "INVALID_HANDLE.SESSION_CHANGED";

class EngineLossTest : public DataPlaneWorld {
 protected:
  // A call whose engine has answered `messages` so far and goes on later.
  int32_t OpenStream(TestClient& client, TestEngine& engine, size_t messages = 1) {
    size_t before = 0;
    engine.Do([&before](auto& calls) { before = calls.size(); });
    const int32_t call = client.Call("ExecutePlan", ExecuteRequest(kSessionA));
    client.Flush();
    EXPECT_TRUE(engine.Await(
        [before](auto& calls) { return calls.size() > before && calls.back().stream().ended; }));
    engine.Do([messages](auto& calls) {
      calls.back().Respond();
      for (size_t i = 0; i < messages; ++i) calls.back().Send("row");
    });
    EXPECT_TRUE(client.Await([&] {
      const CallOutcome outcome = client.OutcomeOf(call);
      return !outcome.headers.empty() && outcome.messages.size() == messages;
    }));
    return call;
  }
};

TEST_F(EngineLossTest, ADeadlineEndsACallWhoseEngineDoesNotAnswer) {
  StartPlane();
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  TestClient client(port());

  const CallOutcome outcome = client.AwaitEnd(
      client.Call("ExecutePlan", ExecuteRequest(kSessionA), {{"grpc-timeout", "1S"}}));

  EXPECT_EQ(outcome.code, Code::kDeadlineExceeded);
  EXPECT_FALSE(outcome.details.empty());
  EXPECT_TRUE(engine.Await([](auto& calls) {
    return !calls.empty() && calls[0].stream().closed.has_value();
  })) << "the engine hears of it";
}

TEST_F(EngineLossTest, ADeadlineEndsACallThatWaitsForALaunch) {
  StartPlane();
  TestClient client(port());

  const CallOutcome outcome = client.AwaitEnd(
      client.Call("ExecutePlan", ExecuteRequest(kSessionA), {{"grpc-timeout", "50m"}}));

  EXPECT_EQ(outcome.code, Code::kDeadlineExceeded);
}

TEST_F(EngineLossTest, ATimeoutThatIsNoneIsRefused) {
  StartPlane();
  TestClient client(port());

  const CallOutcome outcome = client.AwaitEnd(
      client.Call("ExecutePlan", ExecuteRequest(kSessionA), {{"grpc-timeout", "soon"}}));

  EXPECT_EQ(outcome.code, Code::kInvalidArgument);
  EXPECT_TRUE(Contains(outcome.message, "grpc-timeout"));
}

TEST_F(EngineLossTest, AClientsCancelReachesTheEngine) {
  StartPlane();
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  TestClient client(port());
  const int32_t call = OpenStream(client, engine);

  client.peer().Reset(call, NGHTTP2_CANCEL);
  client.Flush();

  EXPECT_TRUE(engine.Await(
      [](auto& calls) { return calls[0].stream().closed == uint32_t{NGHTTP2_CANCEL}; }));
  EXPECT_TRUE(Eventually([this] { return CountEvents(event::kOperationFinished) == 1; }));
  EXPECT_EQ(store_.operations().at(0).status, static_cast<int>(Code::kCancelled));
  EXPECT_EQ(Metric("foxfire_calls_open"), 0);
}

TEST_F(EngineLossTest, AClientThatHangsUpCancelsItsCalls) {
  StartPlane();
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  TestClient client(port());
  OpenStream(client, engine);

  client.peer().Close();

  EXPECT_TRUE(engine.Await([](auto& calls) { return calls[0].stream().closed.has_value(); }));
  EXPECT_TRUE(Eventually([this] { return Metric("foxfire_calls_open") == 0; }));
}

TEST_F(EngineLossTest, AClientMayLeaveWhileItsCallWaitsForALaunch) {
  StartPlane();
  {
    TestClient client(port());
    client.Call("ExecutePlan", ExecuteRequest(kSessionA));
    client.Flush();
    ASSERT_TRUE(Eventually([this] { return launcher_.launches().size() == 1; }));
  }
  ASSERT_TRUE(Eventually([this] { return Metric("foxfire_calls_open") == 0; }));
  TestEngine engine;
  AnswerLaunch(engine);

  TestClient next(port());
  EXPECT_EQ(next.Execute().code, Code::kOk);
  EXPECT_EQ(launcher_.launches().size(), 1U);
  EXPECT_TRUE(engine.AwaitCalls(1));
  engine.Do([](auto& calls) { EXPECT_EQ(calls.size(), 1U); });
}

struct ResetCase {
  uint32_t error_code;
  Code code;
};

TEST_F(EngineLossTest, AnEnginesResetBecomesAStatus) {
  StartPlane();
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  const std::vector<ResetCase> cases = {{NGHTTP2_REFUSED_STREAM, Code::kUnavailable},
                                        {NGHTTP2_CANCEL, Code::kCancelled},
                                        {NGHTTP2_ENHANCE_YOUR_CALM, Code::kResourceExhausted},
                                        {NGHTTP2_INTERNAL_ERROR, Code::kInternal}};
  for (const ResetCase& c : cases) {
    TestClient client(port());
    const int32_t call = OpenStream(client, engine);

    engine.Do([&c](auto& calls) { calls.back().peer->Reset(calls.back().id, c.error_code); });

    EXPECT_EQ(client.AwaitEnd(call).code, c.code) << nghttp2_http2_strerror(c.error_code);
  }
}

TEST_F(EngineLossTest, ARequestThatIsRefusedUnreadIsSentAgain) {
  options_.links = 1;
  StartPlane();
  PeerOptions options;
  options.stream_window = 0;  // it reads a request's headers only, until it wants the rest
  bool refuses_one = false;   // of the engine's thread
  TestEngine engine(
      [&refuses_one](const EngineCall& call) {
        PeerStream& stream = call.stream();
        if (stream.closed) return;
        if (ValueOf(stream.headers, "x-refuse") == "always" || std::exchange(refuses_one, false)) {
          return call.peer->Reset(call.id, NGHTTP2_REFUSED_STREAM);
        }
        if (stream.body.empty()) call.peer->OpenWindow(call.id, 1 << 20);
        TestEngine::Echo(call);
      },
      options);
  Register("engine", engine);
  TestClient client(port());

  // From the first answer on, the gateway knows that no window is open.
  EXPECT_EQ(client.Execute().code, Code::kOk);
  engine.Do([&refuses_one](auto&) { refuses_one = true; });

  EXPECT_EQ(client.Execute().messages.size(), 1U);
  const CallOutcome refused = client.AwaitEnd(
      client.Call("ExecutePlan", ExecuteRequest(kSessionA), {{"x-refuse", "always"}}));

  EXPECT_EQ(refused.code, Code::kUnavailable);
  engine.Do([](const auto& calls) {
    EXPECT_EQ(calls.size(), 3U + 4U)
        << "two calls, one of them twice; one that is tried four times";
    EXPECT_EQ(calls[2].messages().size(), 1U);
    EXPECT_EQ(calls[2].messages()[0].rfind(ExecuteRequest(kSessionA), 0), 0U);
  });
  EXPECT_TRUE(client.Await([&] { return Metric("foxfire_calls_open") == 0; }));
}

TEST_F(EngineLossTest, ACallThatEndsUnsentLeavesItsNeighboursAlone) {
  options_.links = 1;
  StartPlane();
  PeerOptions options;
  options.max_streams = 1;  // the neighbour's
  TestEngine engine(TestEngine::Silence, options);
  Register("engine", engine);
  TestClient client(port());
  const int32_t neighbour = OpenStream(client, engine);

  const std::string compressed(1, '\1');
  const int32_t bad = client.Begin("AddArtifacts");
  client.peer().Send(bad,
                     GrpcMessage(ExecuteRequest(kSessionA)) + compressed + std::string(4, '\0'));
  client.peer().End(bad);
  EXPECT_EQ(client.AwaitEnd(bad).code, Code::kUnimplemented);
  EXPECT_EQ(client
                .AwaitEnd(client.Call("ExecutePlan", ExecuteRequest(kSessionA),
                                      {{"grpc-timeout", "20m"}}))
                .code,
            Code::kDeadlineExceeded);
  engine.Do([](auto& calls) {
    calls[0].Send("row");
    calls[0].End();
  });

  const CallOutcome outcome = client.AwaitEnd(neighbour);
  EXPECT_EQ(outcome.code, Code::kOk);
  EXPECT_EQ(outcome.messages.size(), 2U);
  EXPECT_TRUE(client.Await([&] { return Metric("foxfire_calls_open") == 0; }));
}

TEST_F(EngineLossTest, AnEngineThatDiesBetweenMessagesHasChangedTheSession) {
  StartPlane();
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  TestClient client(port());
  const int32_t call = OpenStream(client, engine);

  engine.Kill();

  const CallOutcome outcome = client.AwaitEnd(call);
  EXPECT_EQ(outcome.code, Code::kInternal);
  EXPECT_TRUE(Contains(outcome.message, kSessionChangedText));
  EXPECT_FALSE(outcome.details.empty());
  EXPECT_EQ(outcome.messages.size(), 1U) << "what has arrived is not lost";
  EXPECT_EQ(client.Execute().code, Code::kInternal) << "the session stays lost";
  EXPECT_TRUE(Eventually([this] { return CountEvents(event::kEngineLost) == 1; }));
  EXPECT_TRUE(Eventually([this] { return CountEvents(event::kSessionLost) == 1; }));
}

TEST_F(EngineLossTest, AConnectionThatBreaksWhileTheEngineLivesIsTriedAgain) {
  StartPlane();
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  TestClient client(port());
  const int32_t call = OpenStream(client, engine);

  engine.CloseConnections();

  const CallOutcome outcome = client.AwaitEnd(call);
  EXPECT_EQ(outcome.code, Code::kUnavailable) << "the client reattaches";
  EXPECT_EQ(CountEvents(event::kSessionLost), 0U);
  OpenStream(client, engine);
}

TEST_F(EngineLossTest, AnEngineThatDiesWithinAMessageEndsTheStreamAtItsBoundary) {
  StartPlane();
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  PeerOptions narrow;
  narrow.stream_window = 10'000;
  narrow.opens_windows = false;
  TestClient client(port(), narrow);
  const int32_t call = OpenStream(client, engine);
  // More than the client's window: the message's beginning is on its way, the rest waits.
  engine.Do([](auto& calls) {
    calls[0].Send("whole");
    calls[0].peer->Send(calls[0].id, GrpcMessage(std::string(50'000, 'x')).substr(0, 40'000));
  });
  ASSERT_TRUE(client.Await([&] { return client.stream(call).body.size() == 10'000; }));

  engine.Kill();

  const CallOutcome outcome = client.AwaitEnd(call);
  EXPECT_EQ(outcome.closed, uint32_t{NGHTTP2_REFUSED_STREAM}) << "UNAVAILABLE to gRPC";
  EXPECT_EQ(outcome.code, Code::kUnknown) << "no status in the middle of a message";
}

TEST_F(EngineLossTest, APartOfAMessageThatHasNotGoneOutIsDropped) {
  StartPlane();
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  PeerOptions narrow;
  narrow.stream_window = 8;  // "row" with its head
  narrow.opens_windows = false;
  TestClient client(port(), narrow);
  const int32_t call = OpenStream(client, engine);
  engine.Do([](auto& calls) {
    calls[0].peer->Send(calls[0].id, GrpcMessage(std::string(50'000, 'x')).substr(0, 40'000));
  });
  ASSERT_TRUE(engine.Await([](auto& calls) { return calls[0].stream().out.empty(); }));

  engine.Kill();
  ASSERT_TRUE(Eventually([this] { return CountEvents(event::kEngineLost) == 1; }));
  client.peer().OpenWindow(call, 100'000);

  const CallOutcome outcome = client.AwaitEnd(call);
  EXPECT_EQ(outcome.code, Code::kInternal);
  EXPECT_TRUE(Contains(outcome.message, kSessionChangedText));
  EXPECT_EQ(outcome.messages, std::vector<std::string>{"row"});
}

TEST_F(EngineLossTest, AFirstCallThatMeetsADeadEngineGoesToAnother) {
  StartPlane();
  TestEngine dead;
  TestEngine next;
  Register("dead", dead);
  dead.Kill();
  TestClient client(port());
  const int32_t call = client.Call("ExecutePlan", ExecuteRequest(kSessionA));
  client.Flush();
  AnswerLaunch(next);

  const CallOutcome outcome = client.AwaitEnd(call);

  EXPECT_EQ(outcome.code, Code::kOk);
  ASSERT_EQ(outcome.messages.size(), 1U);
  EXPECT_EQ(outcome.messages[0], ExecuteRequest(kSessionA) + IdentitySuffix(kSessionA, "alice"));
  EXPECT_EQ(CountEvents(event::kEngineLost) + CountEvents(event::kEngineStopped), 1U);
}

TEST_F(EngineLossTest, ACallThatIsRoutedAgainStillAsksForWhatItsClientWants) {
  StartPlane();
  EngineKey nightly = Key("alice");
  nightly.subdomain = "nightly";
  TestEngine dead;
  TestEngine next;
  Register(EngineId("dead"), nightly, dead.port());
  dead.Kill();
  TestClient client(port());
  const int32_t call = client.Call("ExecutePlan", ExecuteRequest(kSessionA),
                                   {{"x-foxfire-subdomain", nightly.subdomain}});
  client.Flush();
  AnswerLaunch(next);

  EXPECT_EQ(client.AwaitEnd(call).code, Code::kOk);
  EXPECT_EQ(launcher_.launches().at(0).key, nightly);
}

TEST_F(EngineLossTest, ARequestThatWasStillWaitingHereIsRoutedAgainWhole) {
  options_.links = 1;
  StartPlane();
  PeerOptions one_at_a_time;
  one_at_a_time.max_streams = 1;
  TestEngine dying(TestEngine::Silence, one_at_a_time);
  TestEngine next;
  Register("dying", dying);
  TestClient client(port());
  const int32_t running = OpenStream(client, dying);
  // The engine takes no second stream, which the gateway knows by now.
  const int32_t waiting = client.Call("ExecutePlan", ExecuteRequest(kSessionB));
  client.Flush();
  ASSERT_TRUE(Eventually([this] { return CountEvents(event::kOperationStarted) == 2; }));

  dying.Kill();
  AnswerLaunch(next);

  EXPECT_EQ(client.AwaitEnd(running).code, Code::kInternal);
  const CallOutcome outcome = client.AwaitEnd(waiting);
  EXPECT_EQ(outcome.code, Code::kOk) << outcome.message;
  EXPECT_EQ(outcome.messages, std::vector<std::string>{ExecuteRequest(kSessionB) +
                                                       IdentitySuffix(kSessionB, "alice")});
}

TEST_F(EngineLossTest, AnEngineWithoutAnAddressCannotBeReached) {
  StartPlane();
  discovery::EngineRecord record;
  record.key = Key("alice");
  record.id = EngineId("named");
  record.host = "engine.example.com";
  record.port = 1;
  directory_.AddEngine(record);
  ASSERT_TRUE(Eventually([this] {
    return broker_.FindEngine(EngineId("named")).presence == EngineBroker::Presence::kLive;
  }));
  TestClient client(port());

  const CallOutcome outcome = client.Execute();
  EXPECT_EQ(outcome.code, Code::kFailedPrecondition) << "trying again would not help";
  EXPECT_TRUE(Contains(outcome.message, "engine.advertise_host"));
}

TEST_F(EngineLossTest, AnEngineThatSaysGoodbyeFinishesItsCallsAndNewOnesConnectAnew) {
  options_.links = 1;
  StartPlane();
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  TestClient client(port());
  const int32_t first = OpenStream(client, engine);
  engine.Do([](auto& calls) { calls[0].peer->GoAway(); });
  int32_t second = 0;
  ASSERT_TRUE(Eventually([&] {
    second = OpenStream(client, engine);
    return engine.connections() == 2;
  }));

  engine.Do([](auto& calls) {
    calls.front().End();
    calls.back().End();
  });

  EXPECT_EQ(client.AwaitEnd(first).code, Code::kOk);
  EXPECT_EQ(client.AwaitEnd(second).code, Code::kOk);
  EXPECT_TRUE(Eventually([&engine] { return engine.connections() == 1; }));
}

TEST_F(EngineLossTest, StoppingEndsEveryConnectionToEngines) {
  options_.links = 1;
  StartPlane();
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  TestClient client(port());
  OpenStream(client, engine);
  engine.Do([](auto& calls) { calls[0].peer->GoAway(); });
  ASSERT_TRUE(Eventually([&] {
    OpenStream(client, engine);
    return engine.connections() == 2;
  }));

  StopPlane();

  EXPECT_TRUE(Eventually([&engine] { return engine.connections() == 0; }));
}

}  // namespace
}  // namespace foxfire::server::http2
