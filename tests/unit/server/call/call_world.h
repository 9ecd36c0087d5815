// A router and a call service among fakes, for tests that move time by hand.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/call/call_service.h"
#include "server/store/event_types.h"
#include "tests/fakes/engine_secrets.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_executor.h"
#include "tests/fakes/fake_launcher.h"
#include "tests/fakes/fake_probe_client.h"
#include "tests/fakes/in_memory_engine_directory.h"
#include "tests/fakes/in_memory_event_store.h"

namespace foxfire::server {

// Knows the token "token-of-<user>" of two users, and one of each kind that is refused.
class FakeVerifier final : public auth::TokenVerifier {
 public:
  tl::expected<auth::PrincipalPtr, auth::AuthRefusal> Verify(
      std::string_view token) const override {
    for (const char* user : {"alice", "bob"}) {
      if (token != "token-of-" + std::string(user)) continue;
      auth::Principal principal;
      principal.user = UserId(user);
      return std::make_shared<const auth::Principal>(principal);
    }
    if (token == "expired") return tl::unexpected(auth::AuthRefusal::kExpired);
    if (token == "revoked") return tl::unexpected(auth::AuthRefusal::kRevoked);
    return tl::unexpected(auth::AuthRefusal::kUnknown);
  }
};

inline constexpr const char* kSession = "11111111-2222-3333-4444-555555555555";
inline constexpr const char* kOtherSession = "22222222-2222-3333-4444-555555555555";
inline constexpr const char* kOperation = "33333333-2222-3333-4444-555555555555";

// Everything runs on the test's thread, inside core_.RunUntilIdle() and core_.Advance().
class CallWorld : public testing::Test {
 protected:
  struct Routed {
    int times = 0;
    std::optional<RouteResult> result;

    bool ok() const { return result && result->has_value(); }
    const Route& route() const { return **result; }
    const CallStatus& error() const { return result->error(); }
  };
  using RoutedPtr = std::shared_ptr<Routed>;

  void SetUp() override {
    ASSERT_TRUE(broker_.Start());
    core_.RunUntilIdle();
  }

  static std::string Path(const std::string& method) { return std::string(kServicePath) + method; }
  static EngineKey Key(const std::string& user) {
    return {ShareLevel::kUser, user, "default", "default"};
  }
  void AddEngine(const std::string& id, const std::string& user,
                 const std::string& registered_by = "") {
    discovery::EngineRecord record;
    record.key = Key(user);
    record.id = EngineId(id);
    record.host = "127.0.0.1";
    record.port = 4040;
    record.run_as = user;
    record.registered_by = registered_by;
    record.host_name = HostName();
    record.pid = next_pid_++;
    record.started_at = clock_.WallNow();
    directory_.AddEngine(record);
    core_.RunUntilIdle();
  }
  void EndEngine(const std::string& id, const std::string& how = "signal 9") {
    launcher_.End(EngineId(id), how);
    core_.RunUntilIdle();
  }
  EngineId RegisterLaunched(size_t n = 0) {
    const launcher::LaunchRequest launch = launcher_.launches().at(n);
    AddEngine(launch.id.str(), launch.key.owner);
    return launch.id;
  }
  // A session that has had an answer from its engine.
  SessionPtr Answered(const SessionPtr& session) {
    session->Answered();
    return session;
  }
  static RouteRequest Request(const std::string& user, const char* session,
                              const std::string& method = "ExecutePlan") {
    auth::Principal principal;
    principal.user = UserId(user);
    RouteRequest request;
    request.method = &TraitsOf(Path(method));
    request.principal = std::make_shared<const auth::Principal>(principal);
    request.session_id = SessionId(session);
    request.client = "pyspark";
    request.peer = "127.0.0.1:9";
    return request;
  }
  // Of a client that has had an answer in this session.
  static RouteRequest Returning(const std::string& user, const char* session) {
    RouteRequest request = Request(user, session);
    request.answered = true;
    return request;
  }
  RoutedPtr Begin(RouteRequest request) {
    auto routed = std::make_shared<Routed>();
    router_.RouteLater(std::move(request), [routed](RouteResult result) {
      ++routed->times;
      routed->result = std::move(result);
    });
    return routed;
  }
  RoutedPtr Later(RouteRequest request) {
    const RoutedPtr routed = Begin(std::move(request));
    core_.RunUntilIdle();
    return routed;
  }
  discovery::SessionBinding Binding(const std::string& user, const std::string& engine) const {
    return {UserId(user), SessionId(kSession), Key(user), EngineId(engine), clock_.WallNow()};
  }
  // As another gateway does it.
  void BindElsewhere(const discovery::SessionBinding& binding) {
    directory_.BindSession(binding, [](const Result<discovery::SessionBinding>&) {});
    core_.RunUntilIdle();
  }
  static bool Contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  static bool IsSessionChanged(const CallStatus& status) {
    return status.code == Code::kInternal &&
           Contains(status.message, "INVALID_HANDLE.SESSION_CHANGED") &&
           Contains(status.details, "INVALID_HANDLE.SESSION_CHANGED");
  }
  std::vector<EventRecord> EventsOf(std::string_view type) const {
    std::vector<EventRecord> found;
    for (EventRecord& event : store_.events()) {
      if (event.type == type) found.push_back(std::move(event));
    }
    return found;
  }

  FakeClock clock_;
  FakeExecutor core_{clock_};
  discovery::InMemoryEngineDirectory directory_{core_};
  launcher::FakeLauncher launcher_;
  InMemoryEventStore store_;
  Metrics metrics_;
  FakeVerifier verifier_;
  SessionManager sessions_{{}, clock_, store_, metrics_};
  FakeProbeClient probes_;
  EngineBroker broker_{{},
                       SecretsBy([](const EngineId& id) { return Secret("s-" + id.str()); }),
                       {directory_, launcher_, sessions_, store_, probes_, core_, metrics_}};
  BindingKeeper bindings_{sessions_, directory_, core_};
  SessionRouter router_{{{{}, {}, {}, {"default", "etl"}}, 5, 4},
                        sessions_,
                        broker_,
                        directory_,
                        bindings_,
                        core_,
                        metrics_};
  CallOptions call_options_{.calls_per_user = 100, .operations_per_user = 100};
  CallService service_{call_options_, verifier_, router_, sessions_, broker_,
                       bindings_,     store_,    core_,   metrics_};
  int64_t next_pid_ = 100;
};

}  // namespace foxfire::server
