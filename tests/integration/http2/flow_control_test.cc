// Slow readers and big messages: memory stays bounded, nothing is lost, neighbours go on.
#include "tests/integration/http2/data_plane_world.h"

namespace foxfire::server::http2 {
namespace {

using namespace std::chrono_literals;

class FlowControlTest : public DataPlaneWorld {
 protected:
  // What an engine has been able to send on its first call, when that stands still.
  static size_t SentWhenStalled(TestEngine& engine, size_t total) {
    size_t last = 0;
    int same = 0;
    EXPECT_TRUE(engine.Await([&](auto& calls) {
      const PeerStream& stream = calls[0].stream();
      const size_t sent = total - (stream.out.size() - stream.out_at);
      same = sent == last ? same + 1 : 0;
      last = sent;
      return sent > 0 && same > 10;
    }));
    return last;
  }
};

TEST_F(FlowControlTest, ASlowReaderCostsAWindowNotAResultSet) {
  options_.stream_window = 128 << 10;
  options_.wide_window = 256 << 10;
  StartPlane();
  constexpr size_t kTotal = 8 << 20;
  TestEngine engine([](const EngineCall& call) {
    if (!call.stream().ended || call.stream().out_ended) return;
    call.Respond();
    for (int i = 0; i < 8; ++i) call.Send(std::string(kTotal / 8, 'x'));
    call.End();
  });
  Register("engine", engine);
  PeerOptions slow;
  slow.stream_window = 32 << 10;
  slow.opens_windows = false;
  TestClient client(port(), slow);
  const int32_t call = client.Call("ExecutePlan", ExecuteRequest(kSessionA));
  ASSERT_TRUE(client.Await([&] { return client.stream(call).body.size() == 32 << 10; }));

  const size_t sent = SentWhenStalled(engine, kTotal);

  // The client's window, ours, and a socket write that nghttp2 has framed already on the engine.
  EXPECT_LE(sent, (32U << 10) + (256U << 10) + (64U << 10));
}

TEST_F(FlowControlTest, ASlowReaderDoesNotStopItsNeighbour) {
  options_.links = 1;
  StartPlane();
  TestEngine engine([](const EngineCall& call) {
    if (!call.stream().ended || call.stream().out_ended) return;
    call.Respond();
    call.Send(std::string(4 << 20, 'x'));
    call.End();
  });
  Register("engine", engine);
  PeerOptions slow;
  slow.opens_windows = false;
  slow.stream_window = 100;
  TestClient stalled(port(), slow);
  const int32_t call = stalled.Call("ExecutePlan", ExecuteRequest(kSessionA));
  ASSERT_TRUE(stalled.Await([&] { return stalled.stream(call).body.size() == 100; }));
  TestClient quick(port());

  const CallOutcome outcome = quick.Execute(kSessionB);

  EXPECT_EQ(outcome.code, Code::kOk);
  EXPECT_EQ(outcome.messages.at(0).size(), size_t{4} << 20);
}

TEST_F(FlowControlTest, ABigUploadPassesThroughSmallWindows) {
  options_.stream_window = 128 << 10;
  options_.wide_window = 128 << 10;
  options_.piece = 32 << 10;
  StartPlane();
  PeerOptions narrow;
  narrow.stream_window = 16 << 10;
  PeerOptions of_engine;
  of_engine.stream_window = 65535;  // a smaller one nghttp2 takes amiss itself if data came first
  TestEngine engine(TestEngine::Echo, of_engine);
  Register("engine", engine);
  TestClient client(port(), narrow);
  const std::string payload(4 << 20, 'u');

  const CallOutcome outcome = client.Execute(kSessionA, payload);

  EXPECT_EQ(outcome.code, Code::kOk) << outcome.message;
  ASSERT_EQ(outcome.messages.size(), 1U);
  EXPECT_EQ(outcome.messages[0],
            ExecuteRequest(kSessionA, payload) + IdentitySuffix(kSessionA, "alice"));
}

// An engine whose socket takes nothing more, while a frame for it has been announced already.
TEST_F(FlowControlTest, ACallMayEndWhileItsUploadIsStuck) {
  options_.piece = 32 << 10;
  StartPlane();
  PeerOptions wide;
  wide.stream_window = 0x7fffffff;
  TestEngine engine([](const EngineCall& call) { call.peer->SetReading(false); }, wide, 4096);
  Register("engine", engine);
  TestClient client(port());
  const int32_t call = client.Begin("AddArtifacts", {{"grpc-timeout", "2S"}});
  client.peer().Send(call, GrpcMessage(ExecuteRequest(kSessionA, std::string(32 << 20, 'u'))));
  const CallOutcome outcome = client.AwaitEnd(call);
  EXPECT_EQ(outcome.code, Code::kDeadlineExceeded);

  // The engine reads again: what was announced still comes, then the end of the stream.
  engine.Do([](auto& calls) { calls[0].peer->SetReading(true); });

  EXPECT_TRUE(engine.Await([](auto& calls) {
    calls[0].peer->SetReading(true);
    return calls[0].stream().closed.has_value() || calls[0].peer->closed();
  }));
  TestEngine other;
  Register("of-bob", other, "bob");
  EXPECT_EQ(
      client.AwaitEnd(client.Call("ExecutePlan", ExecuteRequest(kSessionA), {}, "token-of-bob"))
          .code,
      Code::kOk)
      << "the gateway lives";
}

// A client that does not read, while a frame for it has been announced already.
TEST_F(FlowControlTest, AnEngineMayDieWhileItsClientDoesNotRead) {
  options_.piece = 32 << 10;
  StartPlane();
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  PeerOptions wide;
  wide.stream_window = 0x7fffffff;
  TestClient client(port(), wide, 4096);
  const int32_t call = client.Call("ExecutePlan", ExecuteRequest(kSessionA));
  client.Flush();
  ASSERT_TRUE(engine.Await([](auto& calls) { return !calls.empty() && calls[0].stream().ended; }));
  constexpr size_t kMessage = 1'000'003;
  constexpr size_t kMessages = 32;
  engine.Do([](auto& calls) {
    calls[0].Respond();
    for (size_t i = 0; i < kMessages; ++i) calls[0].Send(std::string(kMessage, 'x'));
  });
  SentWhenStalled(engine, kMessages * (kMessage + 5));
  engine.Kill();
  TestEngine other;
  Register("of-bob", other, "bob");
  TestClient neighbour(port());
  ASSERT_EQ(
      neighbour
          .AwaitEnd(neighbour.Call("ExecutePlan", ExecuteRequest(kSessionA), {}, "token-of-bob"))
          .code,
      Code::kOk);

  const CallOutcome outcome = client.AwaitEnd(call);

  ASSERT_TRUE(client.stream(call).closed);
  for (const std::string& message : outcome.messages) {
    EXPECT_EQ(message.size(), kMessage);
  }
  if (outcome.closed == NGHTTP2_NO_ERROR) {
    EXPECT_EQ(outcome.code, outcome.messages.empty() ? Code::kUnavailable : Code::kInternal)
        << "a session with an answer has changed, one without is to come again";
    EXPECT_EQ(client.stream(call).body.size(), outcome.messages.size() * (kMessage + 5))
        << "a status comes at a message's boundary only";
  } else {
    EXPECT_EQ(outcome.closed, uint32_t{NGHTTP2_REFUSED_STREAM});
  }
}

}  // namespace
}  // namespace foxfire::server::http2
