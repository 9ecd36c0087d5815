// What stands behind a data plane, with a launcher, a directory and a store that are fakes.
#pragma once

#include <memory>
#include <string>

#include "common/task_thread.h"
#include "server/call/call_service.h"
#include "server/store/event_types.h"
#include "tests/fakes/engine_secrets.h"
#include "tests/fakes/fake_launcher.h"
#include "tests/fakes/fake_probe_client.h"
#include "tests/fakes/in_memory_engine_directory.h"
#include "tests/fakes/in_memory_event_store.h"

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

// Start the broker before the first call; stop the data plane before StopThreads.
struct GatewayParts {
  static EngineKey Key(const std::string& user) {
    return {ShareLevel::kUser, user, "default", "default"};
  }
  // An engine that listens on this machine but belongs to another.
  discovery::EngineRecord RecordOf(const EngineId& id, const std::string& user,
                                   uint16_t engine_port) const {
    discovery::EngineRecord record;
    record.key = Key(user);
    record.id = id;
    record.host = "127.0.0.1";
    record.port = engine_port;
    record.run_as = user;
    record.host_name = "test";  // no process of this machine
    record.started_at = clock_.WallNow();
    return record;
  }
  void StopThreads() {
    core_.Stop();
    directory_thread_.Stop();
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
  FakeProbeClient probes_;
  EngineBroker broker_{{},
                       SecretsBy([](const EngineId& id) { return Secret("s-" + id.str()); }),
                       {directory_, launcher_, sessions_, store_, probes_, core_, metrics_}};
  BindingKeeper bindings_{sessions_, directory_, core_};
  SessionRouter router_{{}, sessions_, broker_, directory_, bindings_, core_, metrics_};
  CallOptions call_options_;
  CallService service_{call_options_, verifier_, router_, sessions_, broker_,
                       bindings_,     store_,    core_,   metrics_};
};

}  // namespace foxfire::server::http2
