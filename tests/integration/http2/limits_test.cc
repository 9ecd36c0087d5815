// What peers may cost: connections that say nothing, answers with endless headers, frames that
// break rules; and what a gateway that stops owes those it serves.
#include <poll.h>
#include <sys/socket.h>

#include <future>

#include "tests/integration/http2/data_plane_world.h"

namespace foxfire::server::http2 {
namespace {

using namespace std::chrono_literals;

class LimitsTest : public DataPlaneWorld {
 protected:
  // True once the other side has closed a connection on which nothing is ever read but the end.
  static bool IsClosed(int fd) {
    pollfd one{fd, POLLIN, 0};
    char byte = 0;
    while (poll(&one, 1, 0) > 0) {
      if (recv(fd, &byte, 1, MSG_DONTWAIT) <= 0) return true;
    }
    return false;
  }
};

TEST_F(LimitsTest, AClientThatStopsAfterItsPrefaceIsCutOff) {
  options_.greeting_timeout = 50ms;
  StartPlane();
  const UniqueFd fd = ConnectTo(port());
  const std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  ASSERT_EQ(send(fd.get(), preface.data(), preface.size(), 0),
            static_cast<ssize_t>(preface.size()));

  EXPECT_TRUE(Eventually([&fd] { return IsClosed(fd.get()); }));
  EXPECT_TRUE(Eventually([this] { return Metric("foxfire_http2_client_connections") == 0; }));
}

TEST_F(LimitsTest, AnAnswerWithEndlessHeadersIsRefused) {
  options_.header_bytes = 8 << 10;
  StartPlane();
  TestEngine engine([](const EngineCall& call) {
    if (!call.stream().ended || call.stream().out_ended) return;
    Headers many;
    for (int i = 0; i < 40; ++i)
      many.emplace_back("x-" + std::to_string(i), std::string(1000, 'h'));
    call.Respond(many);
    call.End();
  });
  Register("engine", engine);
  TestClient client(port());

  const CallOutcome outcome = client.Execute();

  EXPECT_EQ(outcome.code, Code::kResourceExhausted);
  EXPECT_TRUE(Contains(outcome.message, "limits.header_bytes"));
}

TEST_F(LimitsTest, ResetsThatAClientProvokesCountToo) {
  options_.resets_per_second = 10;
  StartPlane();
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  TestClient client(port());
  for (int i = 0; i < 12; ++i) {
    const int32_t call = client.Call("ExecutePlan", ExecuteRequest(kSessionA));
    client.Flush();
    // A window of more than 2^31 - 1: nghttp2 resets the stream (RFC 9113 section 6.9.1).
    std::string frame("\0\0\4\x8\0\0\0\0\0\x7f\xff\xff\xff", 13);
    for (int k = 0; k < 4; ++k) frame[5 + k] = static_cast<char>(call >> (8 * (3 - k)));
    client.peer().SendRaw(frame);
  }

  EXPECT_TRUE(client.Await([&client] { return client.peer().closed(); }));
  EXPECT_EQ(Metric("foxfire_http2_floods_total"), 1);
}

TEST_F(LimitsTest, WhoIsStillReadingAnAnswerGetsAllOfItFromAGatewayThatStops) {
  StartPlane();
  constexpr size_t kSize = 4 << 20;
  TestEngine engine([](const EngineCall& call) {
    if (!call.stream().ended || call.stream().out_ended) return;
    call.Respond();
    call.Send(std::string(kSize, 'x'));
    call.End();
  });
  Register("engine", engine);
  PeerOptions wide;
  wide.stream_window = 0x7fffffff;
  TestClient client(port(), wide, 4096);
  const int32_t call = client.Call("ExecutePlan", ExecuteRequest(kSessionA));
  ASSERT_TRUE(client.Await([&] { return !client.stream(call).headers.empty(); }));
  client.peer().SetReading(false);

  auto stopped = std::async(std::launch::async, [this] {
    plane_->Drain(kTestPatience);
    plane_->Stop();
  });
  client.peer().SetReading(true);
  const CallOutcome outcome = client.AwaitEnd(call);

  EXPECT_EQ(outcome.code, Code::kOk);
  ASSERT_EQ(outcome.messages.size(), 1U);
  EXPECT_EQ(outcome.messages[0].size(), kSize);
  EXPECT_TRUE(client.Await([&client] { return client.peer().closed(); }));
  EXPECT_TRUE(client.peer().was_told_to_go());
  stopped.get();
}

}  // namespace
}  // namespace foxfire::server::http2
