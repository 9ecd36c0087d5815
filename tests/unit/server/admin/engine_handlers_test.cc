#include "server/admin/engine_handlers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "server/store/event_types.h"
#include "tests/unit/server/admin/admin_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class EngineHandlersTest : public testing::Test {
 protected:
  EngineHandlersTest() {
    world_.AddEngine(kAliceEngine, AdminWorld::UserKey("alice"));
    world_.AddEngine(kBobEngine, AdminWorld::UserKey("bob"));
    world_.AddSession("alice", kAliceSession, kAliceEngine)
        ->CallBegan(world_.clock.WallNow(), true);
  }

  static CallLimits Soon() { return {std::chrono::steady_clock::now() + 30s, {}}; }

  std::vector<std::string> IdsFor(const Caller& caller, const char* user = "") {
    pb::ListEnginesRequest request;
    request.set_user(user);
    const auto engines = handlers_.List(caller, request, Soon());
    std::vector<std::string> ids;
    if (!engines) return {engines.error().ToString()};
    for (const pb::Engine& engine : engines->engines()) ids.push_back(engine.engine_id());
    return ids;
  }

  Result<pb::KillEngineResponse> Kill(const Caller& caller, const char* id,
                                      const CallLimits& limits = Soon()) {
    pb::KillEngineRequest request;
    request.set_engine_id(id);
    request.set_reason("too\nbig");
    return handlers_.Kill(caller, request, limits);
  }

  AdminWorld world_;
  EngineHandlers handlers_{world_.broker, world_.directory, world_.sessions, world_.store,
                           world_.clock};
};

using Ids = std::vector<std::string>;

TEST_F(EngineHandlersTest, ShowsEverythingToAdministrators) {
  EXPECT_EQ(IdsFor(AdminWorld::Admin()), Ids({kAliceEngine, kBobEngine}));
  EXPECT_EQ(IdsFor(AdminWorld::Admin(), "bob"), Ids({kBobEngine}));
  EXPECT_EQ(IdsFor(AdminWorld::Admin(), "carol"), Ids());
}

TEST_F(EngineHandlersTest, ShowsOthersTheirOwn) {
  EXPECT_EQ(IdsFor(AdminWorld::CallerOf("alice")), Ids({kAliceEngine}));
  EXPECT_EQ(IdsFor(AdminWorld::CallerOf("carol")), Ids());
  EXPECT_EQ(IdsFor(AdminWorld::CallerOf("alice"), "bob").front().rfind("PERMISSION_DENIED", 0), 0U);
}

TEST_F(EngineHandlersTest, ShowsTheEngineOfAConnectionToItsUser) {
  const char* id = "cccccccc-0000-4000-8000-000000000003";
  const EngineKey key = {ShareLevel::kConnection, kBobSession, "default", "default"};
  world_.AddEngine(id, key);
  world_.AddSession("bob", kBobSession, id, key);

  EXPECT_EQ(IdsFor(AdminWorld::CallerOf("bob")), Ids({kBobEngine, id}));
  EXPECT_EQ(IdsFor(AdminWorld::CallerOf("alice")), Ids({kAliceEngine}));
}

TEST_F(EngineHandlersTest, SaysWhatAnEngineIsUsedFor) {
  world_.launcher.SetResidentBytes(4096);
  world_.clock.Advance(5min);
  pb::ShowEngineRequest request;
  request.set_engine_id("aaaaaaaa");

  const auto busy = handlers_.Show(AdminWorld::CallerOf("alice"), request);
  request.set_engine_id(kBobEngine);
  const auto idle = handlers_.Show(AdminWorld::Admin(), request);

  ASSERT_TRUE(busy) << busy.error().ToString();
  EXPECT_EQ(busy->engine().engine_id(), kAliceEngine);
  EXPECT_EQ(busy->engine().sessions(), 1);
  EXPECT_EQ(busy->engine().operations(), 1);
  EXPECT_EQ(busy->engine().idle_ms(), 0);
  EXPECT_EQ(busy->engine().rss_bytes(), 4096U);
  ASSERT_TRUE(idle) << idle.error().ToString();
  EXPECT_EQ(idle->engine().idle_ms(), 300'000);
}

TEST_F(EngineHandlersTest, TellsForbiddenFromUnknown) {
  pb::ShowEngineRequest request;
  request.set_engine_id(kBobEngine);
  EXPECT_EQ(handlers_.Show(AdminWorld::CallerOf("alice"), request).error().code,
            Code::kPermissionDenied);

  request.set_engine_id("ffffffff-0000-4000-8000-000000000009");
  EXPECT_EQ(handlers_.Show(AdminWorld::CallerOf("alice"), request).error().code, Code::kNotFound);
  EXPECT_EQ(handlers_.Show(AdminWorld::Admin(), request).error().code, Code::kNotFound);
}

TEST_F(EngineHandlersTest, EndsAnEngineAndSaysWhatItEnded) {
  // An engine that cannot be asked is ended by force.
  world_.directory.FailNext(discovery::InMemoryEngineDirectory::Op::kSendControl,
                            {Code::kUnavailable, "ZooKeeper is away"});

  const auto killed = Kill(AdminWorld::CallerOf("alice"), "aaaaaaaa");

  ASSERT_TRUE(killed) << killed.error().ToString();
  EXPECT_EQ(killed->engine_id(), kAliceEngine);
  EXPECT_EQ(killed->key(), "user:alice:default:default");
  EXPECT_TRUE(killed->forced());
  EXPECT_EQ(killed->sessions(), 1);
  EXPECT_EQ(killed->open_calls(), 1);
  EXPECT_EQ(world_.launcher.killed(), std::vector<EngineId>({EngineId(kAliceEngine)}));
  const EventRecord event = world_.LastEvent(event::kEngineKillAsked);
  EXPECT_EQ(event.address, "10.0.0.1:2");
  EXPECT_NE(event.detail.find("alice"), std::string::npos) << event.detail;
  EXPECT_NE(event.detail.find("too big"), std::string::npos) << event.detail;
}

TEST_F(EngineHandlersTest, TakesARegisteredEngineOutOfUseAndSaysThatItRuns) {
  discovery::EngineRecord record;
  record.key = AdminWorld::UserKey("carol");
  record.id = EngineId("dddddddd-0000-4000-8000-000000000004");
  record.host = "10.0.0.7";
  record.port = 15002;
  record.registered_by = "root";
  world_.directory.AddEngine(record);
  world_.Settle();
  const SessionPtr session =
      world_.AddSession("carol", "33333333-0000-4000-8000-000000000003", record.id.str().c_str());

  const auto killed = Kill(AdminWorld::Admin(), "dddddddd");

  ASSERT_TRUE(killed) << killed.error().ToString();
  EXPECT_TRUE(killed->still_runs());
  EXPECT_EQ(killed->sessions(), 1);
  EXPECT_NE(session->state(), SessionState::kActive);
  EXPECT_EQ(world_.directory.View()->Find(record.id), nullptr);
  EXPECT_FALSE(world_.directory.Control(record.id));
  EXPECT_TRUE(world_.launcher.killed().empty());
  EXPECT_TRUE(world_.launcher.killed_remote().empty());
}

TEST_F(EngineHandlersTest, ShowsFailuresToWhomTheyConcern) {
  world_.launcher.FailLaunches(Error{Code::kFailedPrecondition, "no Java there"});
  std::promise<void> failed;
  world_.broker.Acquire({AdminWorld::UserKey("carol"), "carol"},
                        [&failed](const Result<LiveEnginePtr>&) { failed.set_value(); });
  failed.get_future().wait();

  const auto all = handlers_.List(AdminWorld::Admin(), {}, Soon());
  const auto hers = handlers_.List(AdminWorld::CallerOf("carol"), {}, Soon());
  const auto others = handlers_.List(AdminWorld::CallerOf("alice"), {}, Soon());

  ASSERT_TRUE(all && hers && others);
  ASSERT_EQ(all->failures_size(), 1);
  EXPECT_EQ(all->failures(0).key(), "user:carol:default:default");
  EXPECT_EQ(all->failures(0).count(), 1);
  EXPECT_NE(all->failures(0).why().find("no Java there"), std::string::npos);
  EXPECT_GT(all->failures(0).retry_at_ms(), all->failures(0).last_ms());
  EXPECT_EQ(hers->failures_size(), 1);
  EXPECT_EQ(others->failures_size(), 0);
}

TEST_F(EngineHandlersTest, NeverEndsAnothersEngine) {
  EXPECT_EQ(Kill(AdminWorld::CallerOf("alice"), kBobEngine).error().code, Code::kPermissionDenied);
  world_.Settle();

  EXPECT_FALSE(world_.directory.Control(EngineId(kBobEngine)));
  EXPECT_EQ(world_.LastEvent(event::kEngineKillAsked).type, "");
}

TEST_F(EngineHandlersTest, StopsWaitingAtTheDeadlineOrWhenTheCallerLeaves) {
  const CallLimits past = {std::chrono::steady_clock::now(), {}};
  EXPECT_EQ(Kill(AdminWorld::Admin(), kAliceEngine, past).error().code, Code::kDeadlineExceeded);

  const CallLimits gone = {std::chrono::steady_clock::now() + 30s, [] { return true; }};
  EXPECT_EQ(Kill(AdminWorld::Admin(), kAliceEngine, gone).error().code, Code::kCancelled);

  world_.Settle();
  EXPECT_TRUE(world_.directory.Control(EngineId(kAliceEngine)));
}

TEST_F(EngineHandlersTest, RefusesAGraceThatIsNone) {
  for (const int64_t grace : {int64_t{-1}, int64_t{3'600'001}, INT64_MAX}) {
    pb::KillEngineRequest request;
    request.set_engine_id(kAliceEngine);
    request.set_grace_ms(grace);

    EXPECT_EQ(handlers_.Kill(AdminWorld::Admin(), request, Soon()).error().code,
              Code::kInvalidArgument);
  }
}

TEST_F(EngineHandlersTest, ShowsLogsToTheirOwner) {
  world_.launcher.SetLog(EngineId(kAliceEngine), "last words\n");
  pb::EngineLogsRequest request;
  request.set_engine_id("aaaaaaaa");

  EXPECT_EQ(handlers_.Logs(AdminWorld::CallerOf("alice"), request), "last words\n");
  EXPECT_EQ(handlers_.Logs(AdminWorld::CallerOf("bob"), request).error().code,
            Code::kPermissionDenied);
  request.set_lines(10'001);
  EXPECT_EQ(handlers_.Logs(AdminWorld::CallerOf("alice"), request).error().code,
            Code::kInvalidArgument);
}

TEST_F(EngineHandlersTest, ShowsLogsOfEnginesThatHaveEnded) {
  world_.launcher.End(EngineId(kAliceEngine), "signal 9");
  world_.Settle();
  world_.launcher.SetLog(EngineId(kAliceEngine), "last words\n");
  pb::EngineLogsRequest request;
  request.set_engine_id(kAliceEngine);

  EXPECT_EQ(handlers_.Logs(AdminWorld::CallerOf("alice"), request), "last words\n");
  EXPECT_EQ(handlers_.Logs(AdminWorld::CallerOf("bob"), request).error().code,
            Code::kPermissionDenied);
}

TEST_F(EngineHandlersTest, SaysThatTheStoreCannotBeRead) {
  world_.store.FailReads({Code::kUnavailable, "disk full"});
  pb::EngineLogsRequest request;
  request.set_engine_id(kAliceEngine);

  EXPECT_EQ(handlers_.Logs(AdminWorld::Admin(), request).error().message, "disk full");
}

}  // namespace
}  // namespace foxfire::server
