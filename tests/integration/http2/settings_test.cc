// Peers that change their minds in the middle of a connection, and connections that are used up.
#include <nghttp2/nghttp2.h>

#include <memory>
#include <vector>

#include "tests/integration/http2/data_plane_world.h"

namespace foxfire::server::http2 {
namespace {

constexpr size_t kPayload = 300 << 10;

class SettingsTest : public DataPlaneWorld {
 protected:
  // Calls at the same moment, each with an answer of its own size and text.
  static void ExpectEchoes(TestClient& client, int count) {
    std::vector<int32_t> calls;
    for (int i = 0; i < count; ++i) {
      calls.push_back(client.Call("ExecutePlan", RequestOf(i)));
    }
    for (int i = 0; i < count; ++i) {
      const CallOutcome outcome = client.AwaitEnd(calls[i]);
      ASSERT_EQ(outcome.code, Code::kOk) << i << ": " << outcome.message;
      ASSERT_EQ(outcome.messages.size(), 1U) << i;
      EXPECT_TRUE(outcome.messages[0].starts_with(RequestOf(i))) << i;
    }
  }
  static std::string RequestOf(int number) {
    return ExecuteRequest(kSessionA,
                          std::string(kPayload + number, static_cast<char>('a' + number)));
  }
};

// With one connection to an engine that is in use.
class EngineSettingsTest : public SettingsTest {
 protected:
  void SetUp() override {
    options_.links = 1;
    StartPlane();
    Register("engine", engine_);
    client_ = std::make_unique<TestClient>(port());
    ExpectEchoes(*client_, 3);
  }
  void ChangeEngine(const std::vector<nghttp2_settings_entry>& settings) {
    engine_.Do([&settings](auto& calls) { calls[0].peer->Change(settings); });
    ExpectEchoes(*client_, 1);  // its answer comes behind the settings
  }

  TestEngine engine_;
  std::unique_ptr<TestClient> client_;
};

TEST_F(EngineSettingsTest, FewerStreamsThanBeforeAreOpenedOneByOne) {
  ChangeEngine({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}});

  ExpectEchoes(*client_, 8);
  EXPECT_EQ(engine_.connections(), 1U);
}

TEST_F(EngineSettingsTest, WindowsAndTheHeaderTableMayShrink) {
  ChangeEngine(
      {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1000}, {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0}});

  ExpectEchoes(*client_, 3);
}

TEST_F(SettingsTest, AClientMayCloseAndOpenItsWindowsUnderAnAnswer) {
  StartPlane();
  TestEngine engine(TestEngine::Silence);
  Register("engine", engine);
  PeerOptions slow;
  slow.opens_windows = false;
  slow.stream_window = 10'000;
  TestClient client(port(), slow);
  const int32_t call = client.Call("ExecutePlan", ExecuteRequest(kSessionA));
  client.Flush();
  ASSERT_TRUE(engine.AwaitCalls(1));
  engine.Do([](auto& calls) {
    calls[0].Respond();
    calls[0].Send(std::string(kPayload, 'x'));
    calls[0].End();
  });
  ASSERT_TRUE(client.Await([&] { return client.stream(call).body.size() == 10'000; }));

  // The window is now 10,000 bytes below nothing (RFC 9113 section 6.9.2).
  client.peer().Change({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
  client.peer().Change({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 15'000}});
  ASSERT_TRUE(client.Await([&] { return client.stream(call).body.size() == 15'000; }));
  client.peer().Change({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}});

  const CallOutcome outcome = client.AwaitEnd(call);
  EXPECT_EQ(outcome.code, Code::kOk);
  ASSERT_EQ(outcome.messages.size(), 1U);
  EXPECT_EQ(outcome.messages[0], std::string(kPayload, 'x'));
}

TEST_F(SettingsTest, AConnectionToAnEngineWhoseStreamIdsAreUsedUpIsReplaced) {
  options_.links = 1;
  options_.first_engine_stream = 0x7fffffff - 4;  // room for three
  StartPlane();
  TestEngine engine;
  Register("engine", engine);
  TestClient client(port());

  ExpectEchoes(client, 8);

  EXPECT_TRUE(Eventually([this] { return Metric("foxfire_http2_engine_connections") == 1; }))
      << "one that is used up closes with its last call";
}

TEST_F(SettingsTest, AClientMayUseItsLastStreamId) {
  StartPlane();
  TestEngine engine;
  Register("engine", engine);
  PeerOptions last;
  last.first_stream = 0x7fffffff;
  TestClient client(port(), last);

  ExpectEchoes(client, 1);
}

}  // namespace
}  // namespace foxfire::server::http2
