// A data plane as foxfired has it, between real sockets; engines and ZooKeeper are fakes.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/task_thread.h"
#include "server/call/call_service.h"
#include "server/http2/data_plane.h"
#include "server/store/event_types.h"
#include "tests/fakes/fake_launcher.h"
#include "tests/fakes/in_memory_engine_directory.h"
#include "tests/fakes/in_memory_event_store.h"
#include "tests/integration/http2/test_client.h"
#include "tests/integration/http2/test_engine.h"
#include "tests/support/awaited.h"

namespace foxfire::server::http2 {

// "token-of-<user>" is <user>'s token.
class UserTokens final : public auth::TokenVerifier {
 public:
  tl::expected<auth::PrincipalPtr, auth::AuthRefusal> Verify(
      std::string_view token) const override {
    constexpr std::string_view kPrefix = "token-of-";
    if (token.substr(0, kPrefix.size()) != kPrefix) {
      return tl::unexpected(auth::AuthRefusal::kUnknown);
    }
    auth::Principal principal;
    principal.user = UserId(token.substr(kPrefix.size()));
    return std::make_shared<const auth::Principal>(principal);
  }
};

class DataPlaneWorld : public testing::Test {
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
    core_.Stop();
    directory_thread_.Stop();
  }
  uint16_t port() const { return plane_->address().port(); }

  static EngineKey Key(const std::string& user) {
    return {ShareLevel::kUser, user, "default", "default"};
  }
  // Registers an engine that listens on `engine_port`; returns when the broker knows it.
  void Register(const EngineId& id, const std::string& user, uint16_t engine_port) {
    discovery::EngineRecord record;
    record.key = Key(user);
    record.id = id;
    record.host = "127.0.0.1";
    record.port = engine_port;
    record.run_as = user;
    record.host_name = "test";  // no process of this machine
    record.started_at = clock_.WallNow();
    directory_.AddEngine(record);
    ASSERT_TRUE(Eventually(
        [this, &id] { return broker_.FindEngine(id).presence == EngineBroker::Presence::kLive; }));
  }
  void Register(const std::string& id, const TestEngine& engine,
                const std::string& user = "alice") {
    Register(EngineId(id), user, engine.port());
  }
  // The nth launch ends well: its engine is `engine`.
  void AnswerLaunch(const TestEngine& engine, size_t n = 0) {
    ASSERT_TRUE(Eventually([this, n] { return launcher_.launches().size() > n; }));
    const launcher::LaunchRequest launch = launcher_.launches().at(n);
    Register(launch.id, launch.key.owner, engine.port());
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

  SystemClock clock_;
  TaskThread core_{"core", clock_};
  TaskThread directory_thread_{"directory", clock_};
  discovery::InMemoryEngineDirectory directory_{directory_thread_};
  launcher::FakeLauncher launcher_;
  InMemoryEventStore store_;
  Metrics metrics_;
  UserTokens verifier_;
  SessionManager sessions_{{}, clock_, store_, metrics_};
  EngineBroker broker_{
      {},        directory_, launcher_, [](const EngineId& id) { return Secret("s-" + id.str()); },
      sessions_, store_,     core_,     metrics_};
  SessionRouter router_{{}, sessions_, broker_, directory_, core_};
  CallService service_{verifier_, router_, sessions_, broker_, directory_, store_, core_, metrics_};
  DataPlaneOptions options_;
  std::unique_ptr<DataPlane> plane_;
};

}  // namespace foxfire::server::http2
