// All that the admin API works on, with fakes at the borders: engines that are only records, a
// store in memory, a real token file in a temporary folder.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "auth/token_store.h"
#include "common/check.h"
#include "common/task_thread.h"
#include "server/admin/caller.h"
#include "server/engine/engine_broker.h"
#include "server/session/session_manager.h"
#include "tests/fakes/engine_secrets.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_launcher.h"
#include "tests/fakes/fake_probe_client.h"
#include "tests/fakes/in_memory_engine_directory.h"
#include "tests/fakes/in_memory_event_store.h"
#include "tests/support/temp_folder.h"

namespace foxfire::server {

inline constexpr const char* kAliceEngine = "aaaaaaaa-0000-4000-8000-000000000001";
inline constexpr const char* kBobEngine = "bbbbbbbb-0000-4000-8000-000000000002";
inline constexpr const char* kAliceSession = "11111111-0000-4000-8000-000000000001";
inline constexpr const char* kBobSession = "22222222-0000-4000-8000-000000000002";

class AdminWorld {
 public:
  AdminWorld() {
    CHECK(WriteFileAtomically(folder_ / "tokens.json", R"({"schema":1,"tokens":[]})", 0600)
              .has_value());
    tokens = *auth::TokenStore::Open(folder_ / "tokens.json", clock, metrics);
    CHECK(broker.Start().has_value());
    Settle();
  }
  ~AdminWorld() { core_.Stop(); }

  // Returns when the broker has heard of everything that was posted so far.
  void Settle() {
    // A change of the directory is told by one task that posts another.
    for (int round = 0; round < 3; ++round) {
      std::promise<void> done;
      core_.Post([&done] { done.set_value(); });
      done.get_future().wait();
    }
  }

  static EngineKey UserKey(const std::string& user) {
    return {ShareLevel::kUser, user, "default", "default"};
  }

  // An engine of this machine that has registered itself.
  void AddEngine(const char* id, const EngineKey& key) {
    discovery::EngineRecord record;
    record.key = key;
    record.id = EngineId(id);
    record.host = "127.0.0.1";
    record.port = 4040;
    record.spark_version = "4.2.1";
    record.application_id = "local-1";
    record.host_name = HostName();
    record.pid = next_pid_++;
    record.started_at = clock.WallNow();
    directory.AddEngine(record);
    Settle();
  }

  SessionPtr AddSession(const char* user, const char* id, const char* engine) {
    return AddSession(user, id, engine, UserKey(user));
  }
  SessionPtr AddSession(const char* user, const char* id, const char* engine,
                        const EngineKey& key) {
    return sessions.Open({UserId(user), SessionId(id), key, EngineId(engine), clock.WallNow(),
                          "a client", "127.0.0.1:1"});
  }

  // The token itself.
  std::string AddToken(const std::string& user, const std::vector<std::string>& roles = {}) {
    const auto created = tokens->Create({user, {}, roles, std::nullopt, "test"});
    CHECK(created.has_value());
    return std::string(created->token.Reveal());
  }

  static Caller CallerOf(const char* user, std::vector<std::string> roles = {}) {
    auth::Principal principal;
    principal.user = UserId(user);
    principal.roles = std::move(roles);
    return {std::make_shared<auth::Principal>(std::move(principal)), "10.0.0.1:2"};
  }
  static Caller Admin() { return CallerOf("root", {auth::kAdminRole}); }

  // The newest event of the type; a default one if there is none.
  EventRecord LastEvent(const std::string& type) const {
    EventRecord last;
    for (const EventRecord& event : store.events()) {
      if (event.type == type) last = event;
    }
    return last;
  }

 private:
  TempFolder folder_;
  SystemClock core_clock_;
  TaskThread core_{"core", core_clock_};
  int64_t next_pid_ = 6'000'001;

 public:
  FakeClock clock;  // of sessions, tokens and handlers
  Metrics metrics;
  InMemoryEventStore store;
  discovery::InMemoryEngineDirectory directory{core_};
  launcher::FakeLauncher launcher;
  SessionManager sessions{{}, clock, store, metrics};
  FakeProbeClient probes;
  EngineBroker broker{{},
                      SecretsBy([](const EngineId&) { return Secret("engine secret"); }),
                      {directory, launcher, sessions, store, probes, core_, metrics}};
  std::unique_ptr<auth::TokenStore> tokens;
};

}  // namespace foxfire::server
