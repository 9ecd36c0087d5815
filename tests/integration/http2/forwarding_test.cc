// What reaches the engine of a call, and what of the answer reaches the client.
#include <algorithm>

#include "tests/integration/http2/data_plane_world.h"

namespace foxfire::server::http2 {
namespace {

using namespace std::chrono_literals;

// With one loop and with two.
class ForwardingTest : public DataPlaneWorld, public testing::WithParamInterface<size_t> {
 protected:
  void SetUp() override {
    options_.loops = GetParam();
    StartPlane();
  }
  static std::string WithIdentity(const std::string& request, std::string_view session = kSessionA,
                                  std::string_view user = "alice") {
    return request + IdentitySuffix(session, user);
  }
};

INSTANTIATE_TEST_SUITE_P(Loops, ForwardingTest, testing::Values(1, 2));

TEST_P(ForwardingTest, AUnaryCallGoesThereAndBackWithTheVerifiedIdentity) {
  TestEngine engine;
  Register("engine", engine);
  TestClient client(port());

  const CallOutcome outcome = client.Execute();

  EXPECT_EQ(outcome.code, Code::kOk);
  ASSERT_EQ(outcome.messages.size(), 1U);
  EXPECT_EQ(outcome.messages[0], WithIdentity(ExecuteRequest(kSessionA)));
  EXPECT_TRUE(Eventually([this] { return CountEvents(event::kOperationFinished) == 1; }));
}

TEST_P(ForwardingTest, AnOperationThatRunsOnIsNotedWhileItRuns) {
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  TestClient client(port());
  client.Call("ExecutePlan", ExecuteRequest(kSessionA));
  client.Call("AnalyzePlan", ExecuteRequest(kSessionA));
  client.Flush();

  EXPECT_TRUE(Eventually([this] { return CountEvents(event::kOperationStarted) == 1; }));

  EXPECT_EQ(CountEvents(event::kOperationFinished), 0U);
}

TEST_P(ForwardingTest, EveryMessageOfAStreamGetsTheIdentity) {
  TestEngine engine;
  Register("engine", engine);
  TestClient client(port());
  std::vector<std::string> requests;
  const int32_t call = client.Begin("AddArtifacts");
  for (int i = 0; i < 20; ++i) {
    requests.push_back(ExecuteRequest(kSessionA, std::string(1000 * i, 'x')));
    client.peer().Send(call, GrpcMessage(requests.back()));
  }
  client.peer().Send(call, GrpcMessage(""));
  requests.emplace_back();
  client.peer().End(call);

  const CallOutcome outcome = client.AwaitEnd(call);

  ASSERT_EQ(outcome.messages.size(), requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(outcome.messages[i], WithIdentity(requests[i])) << i;
  }
}

TEST_P(ForwardingTest, AMessageThatArrivesByteByByteIsTheSame) {
  TestEngine engine;
  Register("engine", engine);
  TestClient client(port());
  const std::string request = ExecuteRequest(kSessionA);
  const int32_t call = client.Begin("ExecutePlan");
  for (const char byte : GrpcMessage(request)) {
    client.peer().Send(call, std::string(1, byte));
    client.Flush();
  }
  client.peer().End(call);

  const CallOutcome outcome = client.AwaitEnd(call);

  ASSERT_EQ(outcome.messages.size(), 1U);
  EXPECT_EQ(outcome.messages[0], WithIdentity(request));
}

TEST_P(ForwardingTest, AServersStreamArrivesAsItIsSent) {
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  TestClient client(port());
  const int32_t call = client.Call("ExecutePlan", ExecuteRequest(kSessionA));
  client.Flush();
  ASSERT_TRUE(engine.AwaitCalls(1));
  engine.Do([](auto& calls) { calls[0].Respond(); });
  for (size_t i = 0; i < 5; ++i) {
    engine.Do([i](auto& calls) { calls[0].Send("message " + std::to_string(i)); });
    ASSERT_TRUE(client.Await([&client, call, i] {
      return client.OutcomeOf(call).messages.size() == i + 1;
    })) << "a message must not wait for the next one";
  }
  engine.Do([](auto& calls) { calls[0].End(); });

  EXPECT_EQ(client.AwaitEnd(call).code, Code::kOk);
}

TEST_P(ForwardingTest, MetadataGoesToTheEngineAndCredentialsDoNot) {
  TestEngine engine;
  Register("engine", engine);
  TestClient client(port());
  const Headers extra = {{"x-custom", "one"},       {"x-custom", "two"},
                         {"x-bytes-bin", "AAEC/w"}, {"authentication", "Bearer token-of-alice"},
                         {"cookie", "secret=1"},    {"proxy-authorization", "Basic c2VjcmV0"}};
  client.AwaitEnd(client.Call("ExecutePlan", ExecuteRequest(kSessionA), extra));

  Headers seen;
  engine.Do([&seen](auto& calls) { seen = calls[0].stream().headers; });

  EXPECT_EQ(ValuesOf(seen, "x-custom"), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(ValueOf(seen, "x-bytes-bin"), "AAEC/w");
  EXPECT_EQ(ValueOf(seen, "user-agent"), "test");
  EXPECT_EQ(ValueOf(seen, "te"), "trailers");
  EXPECT_EQ(ValueOf(seen, "content-type"), "application/grpc");
  EXPECT_EQ(ValueOf(seen, ":path"), std::string(kServicePath) + "ExecutePlan");
  EXPECT_EQ(ValuesOf(seen, "authorization"), std::vector<std::string>{"Bearer s-engine"});
  for (const char* gone : {"authentication", "cookie", "proxy-authorization", "grpc-timeout"}) {
    EXPECT_TRUE(ValuesOf(seen, gone).empty()) << gone;
  }
}

TEST_P(ForwardingTest, MetadataAndTrailersComeBackByteForByte) {
  const Headers head = {{"x-head", "a"}, {"x-head", "b"}, {"x-head-bin", "AAEC/w=="}};
  const Headers trailers = {{"grpc-status", "13"},
                            {"grpc-message", "caf%C3%A9 %25"},
                            {"grpc-status-details-bin", "CA0SBGZhaWw"},
                            {"x-tail", "1"},
                            {"x-tail", "2"}};
  TestEngine engine([&](const EngineCall& call) {
    if (!call.stream().ended || call.stream().out_ended) return;
    call.Respond(head);
    call.Send("partial result");
    call.End(trailers);
  });
  Register("engine", engine);
  TestClient client(port());

  const CallOutcome outcome = client.Execute();

  for (const auto& [name, value] : head) {
    EXPECT_EQ(ValuesOf(outcome.headers, name), ValuesOf(head, name));
  }
  EXPECT_EQ(outcome.trailers, trailers);
  EXPECT_EQ(outcome.messages, std::vector<std::string>{"partial result"});
  EXPECT_EQ(outcome.closed, uint32_t{NGHTTP2_NO_ERROR});
}

TEST_P(ForwardingTest, ATrailersOnlyAnswerStaysOne) {
  TestEngine engine([](const EngineCall& call) {
    if (!call.stream().ended || call.stream().out_ended) return;
    call.stream().out_ended = true;
    call.peer->Respond(call.id,
                       {{":status", "200"},
                        {"content-type", "application/grpc"},
                        {"grpc-status", "3"},
                        {"grpc-message", "no such table"}},
                       true);
  });
  Register("engine", engine);
  TestClient client(port());

  const CallOutcome outcome = client.Execute();

  EXPECT_EQ(outcome.code, Code::kInvalidArgument);
  EXPECT_EQ(outcome.message, "no such table");
  EXPECT_TRUE(outcome.trailers.empty());
}

TEST_P(ForwardingTest, TheTimeThatIsLeftGoesOn) {
  TestEngine engine;
  Register("engine", engine);
  TestClient client(port());

  client.AwaitEnd(
      client.Call("ExecutePlan", ExecuteRequest(kSessionA), {{"grpc-timeout", "100S"}}));

  std::string timeout;
  engine.Do(
      [&timeout](auto& calls) { timeout = ValueOf(calls[0].stream().headers, "grpc-timeout"); });
  ASSERT_FALSE(timeout.empty());
  EXPECT_EQ(timeout.back(), 'u') << "the finest unit of 8 digits that holds it: " << timeout;
  EXPECT_LE(std::stoll(timeout), 100'000'000);
  EXPECT_GT(std::stoll(timeout), 70'000'000);
}

TEST_P(ForwardingTest, EachUserReachesTheirOwnEngine) {
  TestEngine of_alice;
  TestEngine of_bob;
  Register("of-alice", of_alice, "alice");
  Register("of-bob", of_bob, "bob");
  TestClient client(port());

  const CallOutcome alice =
      client.AwaitEnd(client.Call("ExecutePlan", ExecuteRequest(kSessionA), {}, "token-of-alice"));
  const CallOutcome bob =
      client.AwaitEnd(client.Call("ExecutePlan", ExecuteRequest(kSessionA), {}, "token-of-bob"));

  EXPECT_EQ(alice.messages[0], WithIdentity(ExecuteRequest(kSessionA)));
  EXPECT_EQ(bob.messages[0], WithIdentity(ExecuteRequest(kSessionA), kSessionA, "bob"));
  EXPECT_TRUE(of_alice.AwaitCalls(1));
  EXPECT_TRUE(of_bob.AwaitCalls(1));
}

TEST_P(ForwardingTest, WhatAClientAsksForCountsWhereItsSessionBegins) {
  EngineKeyOptions keys;
  keys.client_conf = {{"default", {"spark.sql.*"}}};
  router_.SetKeys(keys);
  TestEngine engine;
  TestClient client(port());
  const int32_t first =
      client.Call("ExecutePlan", ExecuteRequest(kSessionA),
                  {{"x-foxfire-subdomain", "nightly"}, {"x-foxfire-conf-spark.sql.a", "1"}});
  client.Flush();
  AnswerLaunch(engine);
  ASSERT_EQ(client.AwaitEnd(first).code, Code::kOk);
  EXPECT_EQ(launcher_.launches().at(0).key.subdomain, "nightly");
  EXPECT_EQ(launcher_.launches().at(0).spark_conf.at("spark.sql.a"), "1");

  const Headers refused = {{"x-foxfire-profile", "nosuch"}, {"x-foxfire-conf-spark.master", "x"}};
  const CallOutcome bound =
      client.AwaitEnd(client.Call("ExecutePlan", ExecuteRequest(kSessionA), refused));
  const CallOutcome begins =
      client.AwaitEnd(client.Call("ExecutePlan", ExecuteRequest(kSessionB), refused));

  EXPECT_EQ(bound.code, Code::kOk) << "nobody asks what a bound session wants";
  EXPECT_EQ(begins.code, Code::kPermissionDenied);
  EXPECT_EQ(launcher_.launches().size(), 1U);
  Headers seen;
  engine.Do([&seen](auto& calls) { seen = calls.back().stream().headers; });
  EXPECT_EQ(ValueOf(seen, "x-foxfire-profile"), "nosuch") << "any header but settings goes on";
  EXPECT_TRUE(ValuesOf(seen, "x-foxfire-conf-spark.master").empty());
}

TEST_P(ForwardingTest, LargeMessagesGoBothWays) {
  TestEngine engine;
  Register("engine", engine);
  TestClient client(port());
  std::string payload(8 << 20, 'x');
  for (size_t i = 0; i < payload.size(); i += 1000) payload[i] = static_cast<char>('a' + i % 26);

  const CallOutcome outcome = client.Execute(kSessionA, payload);

  EXPECT_EQ(outcome.code, Code::kOk);
  ASSERT_EQ(outcome.messages.size(), 1U);
  EXPECT_EQ(outcome.messages[0], WithIdentity(ExecuteRequest(kSessionA, payload)));
}

TEST_P(ForwardingTest, ManyCallsShareAConnection) {
  TestEngine engine;
  Register("engine", engine);
  TestClient client(port());
  std::vector<int32_t> calls;
  for (int i = 0; i < 200; ++i) {
    calls.push_back(
        client.Call("ExecutePlan", ExecuteRequest(kSessionA, std::string(i * 100, 'x'))));
  }

  for (size_t i = 0; i < calls.size(); ++i) {
    const CallOutcome outcome = client.AwaitEnd(calls[i]);
    EXPECT_EQ(outcome.code, Code::kOk);
    ASSERT_EQ(outcome.messages.size(), 1U);
    EXPECT_EQ(outcome.messages[0],
              WithIdentity(ExecuteRequest(kSessionA, std::string(i * 100, 'x'))));
  }
  EXPECT_LE(engine.connections(), options_.links);
}

TEST_P(ForwardingTest, ACallWaitsForItsEngineToStart) {
  TestClient client(port());
  const int32_t call = client.Call("ExecutePlan", ExecuteRequest(kSessionA));
  client.Flush();
  TestEngine engine;
  AnswerLaunch(engine);

  const CallOutcome outcome = client.AwaitEnd(call);

  EXPECT_EQ(outcome.code, Code::kOk);
  EXPECT_EQ(outcome.messages[0], WithIdentity(ExecuteRequest(kSessionA)));
}

TEST_P(ForwardingTest, AStreamThatGoesOnWhileItsEngineStartsIsKeptWhole) {
  TestClient client(port());
  const int32_t call = client.Begin("AddArtifacts");
  const std::string request = ExecuteRequest(kSessionA, std::string(50'000, 'x'));
  for (int i = 0; i < 10; ++i) client.peer().Send(call, GrpcMessage(request));
  client.peer().End(call);
  client.Flush();
  TestEngine engine;
  AnswerLaunch(engine);

  const CallOutcome outcome = client.AwaitEnd(call);

  ASSERT_EQ(outcome.messages.size(), 10U);
  for (const std::string& message : outcome.messages) EXPECT_EQ(message, WithIdentity(request));
}

}  // namespace
}  // namespace foxfire::server::http2
