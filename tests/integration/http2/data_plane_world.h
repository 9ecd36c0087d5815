// A data plane as foxfired has it, between real sockets; engines and ZooKeeper are fakes.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/http2/data_plane.h"
#include "tests/integration/http2/gateway_parts.h"
#include "tests/integration/http2/test_client.h"
#include "tests/integration/http2/test_engine.h"
#include "tests/support/awaited.h"

namespace foxfire::server::http2 {

class DataPlaneWorld : public testing::Test, protected GatewayParts {
 protected:
  void TearDown() override { StopPlane(); }

  // With options_ as they are now.
  void StartPlane(const TlsContext* tls = nullptr) {
    ASSERT_TRUE(broker_.Start());
    auto plane = DataPlane::Create(options_, *ParseSocketAddress("127.0.0.1", 0), tls, service_,
                                   clock_, metrics_);
    ASSERT_TRUE(plane) << plane.error().message;
    plane_ = *std::move(plane);
    ASSERT_TRUE(plane_->Start());
  }
  void StopPlane() {
    if (plane_ != nullptr) plane_->Stop();
    StopThreads();
  }
  uint16_t port() const { return plane_->address().port(); }

  // Registers an engine that listens on `engine_port`; returns when the broker knows it.
  void Register(const EngineId& id, const EngineKey& key, uint16_t engine_port) {
    discovery::EngineRecord record = RecordOf(id, key.owner, engine_port);
    record.key = key;
    directory_.AddEngine(record);
    ASSERT_TRUE(Eventually(
        [this, &id] { return broker_.FindEngine(id).presence == EngineBroker::Presence::kLive; }));
  }
  void Register(const std::string& id, const TestEngine& engine,
                const std::string& user = "alice") {
    Register(EngineId(id), Key(user), engine.port());
  }
  // The nth launch ends well: its engine is `engine`.
  void AnswerLaunch(const TestEngine& engine, size_t n = 0) {
    ASSERT_TRUE(Eventually([this, n] { return launcher_.launches().size() > n; }));
    const launcher::LaunchRequest launch = launcher_.launches().at(n);
    Register(launch.id, launch.key, engine.port());
  }

  template <typename Predicate>
  static bool Eventually(Predicate holds) {
    return ChangeSignal().Await(holds);
  }
  double Metric(const std::string& name) {
    const std::string text = metrics_.Render();
    const size_t at = text.find("\n" + name + " ");
    if (at == std::string::npos) return 0;
    return std::stod(text.substr(at + name.size() + 2));
  }
  size_t CountEvents(std::string_view type) const {
    size_t count = 0;
    for (const EventRecord& event : store_.events()) count += event.type == type ? 1 : 0;
    return count;
  }
  static bool Contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  DataPlaneOptions options_;
  std::unique_ptr<DataPlane> plane_;
};

}  // namespace foxfire::server::http2
