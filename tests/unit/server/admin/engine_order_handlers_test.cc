#include "server/admin/engine_order_handlers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "server/admin/explain_handlers.h"
#include "server/store/event_types.h"
#include "tests/unit/server/admin/admin_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class EngineOrderHandlersTest : public testing::Test {
 protected:
  static CallLimits Soon() { return {std::chrono::steady_clock::now() + 30s, {}}; }

  Result<pb::StartEngineResponse> Start(const Caller& caller,
                                        const pb::StartEngineRequest& request = {}) {
    return handlers_.Start(caller, request, Soon());
  }
  Result<pb::DrainEngineResponse> Drain(const Caller& caller, const char* id,
                                        std::optional<int64_t> grace_ms = std::nullopt) {
    pb::DrainEngineRequest request;
    request.set_engine_id(id);
    request.set_reason("too\nold");
    if (grace_ms) request.set_grace_ms(*grace_ms);
    return handlers_.Drain(caller, request, Soon());
  }

  static EngineKeyOptions Keys() {
    EngineKeyOptions keys;
    keys.everybody.client_share_levels = {ShareLevel::kConnection};
    keys.profiles = {"default", "etl"};
    return keys;
  }

  AdminWorld world_;
  const Published<EngineKeyOptions> keys_{std::make_shared<EngineKeyOptions>(Keys())};
  const EngineChooser chooser_{keys_, *world_.tokens};
  EngineOrderHandlers handlers_{chooser_, world_.broker, world_.sessions, world_.clock};
};

TEST_F(EngineOrderHandlersTest, SaysThatAnEngineIsThereAlready) {
  world_.AddEngine(kAliceEngine, AdminWorld::UserKey("alice"));

  const auto started = Start(AdminWorld::CallerOf("alice"));

  ASSERT_TRUE(started) << started.error().ToString();
  EXPECT_EQ(started->engine().engine_id(), kAliceEngine);
  EXPECT_EQ(started->key(), "user:alice:default:default");
  EXPECT_EQ(started->run_as(), "alice");
  EXPECT_EQ(started->outcome(), "it was there already");
  EXPECT_TRUE(world_.launcher.launches().empty());
}

TEST_F(EngineOrderHandlersTest, StartsTheEngineOfTheKeyAndWaitsForIt) {
  pb::StartEngineRequest request;
  request.set_user("bob");
  request.set_profile("etl");
  Result<pb::StartEngineResponse> started = MakeError(Code::kUnknown, "not yet");
  std::thread waiting([&] { started = Start(AdminWorld::Admin(), request); });

  const EngineKey key = {ShareLevel::kUser, "bob", "etl", "default"};
  while (world_.launcher.launches().empty()) std::this_thread::yield();
  const launcher::LaunchRequest launch = world_.launcher.launches().front();
  EXPECT_EQ(launch.key, key);
  EXPECT_EQ(launch.run_as, "bob");
  world_.AddEngine(launch.id.str().c_str(), key);
  waiting.join();

  ASSERT_TRUE(started) << started.error().ToString();
  EXPECT_EQ(started->engine().engine_id(), launch.id.str());
  EXPECT_EQ(started->engine().state(), "ready");
  EXPECT_EQ(started->outcome(), "it has been started");
}

TEST_F(EngineOrderHandlersTest, DoesNotWaitIfItIsToldNotTo) {
  pb::StartEngineRequest request;
  request.set_no_wait(true);

  const auto started = Start(AdminWorld::CallerOf("alice"), request);

  ASSERT_TRUE(started) << started.error().ToString();
  EXPECT_FALSE(started->has_engine());
  EXPECT_EQ(started->key(), "user:alice:default:default");
  EXPECT_NE(started->outcome().find("it is being started"), std::string::npos)
      << started->outcome();
}

TEST_F(EngineOrderHandlersTest, SaysThatAnOrderIsRefusedAtOnceToWhoDoesNotWait) {
  world_.launcher.FailLaunches(Error{Code::kFailedPrecondition, "no such Spark"});
  pb::StartEngineRequest request;
  EXPECT_FALSE(Start(AdminWorld::CallerOf("alice"), request));
  request.set_no_wait(true);

  const auto started = Start(AdminWorld::CallerOf("alice"), request);

  ASSERT_FALSE(started) << "its key is in back-off";
  EXPECT_EQ(started.error().code, Code::kFailedPrecondition);
  EXPECT_NE(started.error().message.find("no such Spark"), std::string::npos);
}

TEST_F(EngineOrderHandlersTest, StartsForOthersAsAnAdministratorOnly) {
  pb::StartEngineRequest request;
  request.set_user("bob");
  EXPECT_EQ(Start(AdminWorld::CallerOf("alice"), request).error().code, Code::kPermissionDenied);

  request.set_user("");
  request.add_groups("bi");
  EXPECT_EQ(Start(AdminWorld::CallerOf("alice"), request).error().code, Code::kPermissionDenied);
  EXPECT_TRUE(world_.launcher.launches().empty());
}

TEST_F(EngineOrderHandlersTest, StartsNoneForASessionThatIsToCome) {
  pb::StartEngineRequest request;
  request.set_share_level("connection");

  EXPECT_EQ(Start(AdminWorld::CallerOf("alice"), request).error().code, Code::kInvalidArgument);
}

TEST_F(EngineOrderHandlersTest, DrainsAnEngine) {
  world_.AddEngine(kAliceEngine, AdminWorld::UserKey("alice"));
  world_.AddSession("alice", kAliceSession, kAliceEngine)->CallBegan(world_.clock.WallNow(), true);

  const auto drained = Drain(AdminWorld::CallerOf("alice"), "aaaaaaaa", 90'000);

  ASSERT_TRUE(drained) << drained.error().ToString();
  EXPECT_EQ(drained->engine_id(), kAliceEngine);
  EXPECT_EQ(drained->key(), "user:alice:default:default");
  EXPECT_EQ(drained->sessions(), 1);
  EXPECT_EQ(drained->open_calls(), 1);
  const auto control = world_.directory.Control(EngineId(kAliceEngine));
  ASSERT_TRUE(control);
  EXPECT_EQ(control->command, "drain");
  EXPECT_EQ(control->grace, 90s);
  EXPECT_EQ(control->reason, "too old");
  EXPECT_NE(world_.LastEvent(event::kEngineDrainAsked).detail.find("by alice: too old"),
            std::string::npos);
}

TEST_F(EngineOrderHandlersTest, NeverDrainsAnothersEngine) {
  world_.AddEngine(kBobEngine, AdminWorld::UserKey("bob"));

  EXPECT_EQ(Drain(AdminWorld::CallerOf("alice"), kBobEngine).error().code, Code::kPermissionDenied);
  EXPECT_EQ(Drain(AdminWorld::Admin(), kAliceEngine).error().code, Code::kNotFound);
  EXPECT_FALSE(world_.directory.Control(EngineId(kBobEngine)));
}

TEST_F(EngineOrderHandlersTest, CannotDrainWhatSomebodyElseHasStarted) {
  discovery::EngineRecord record;
  record.key = AdminWorld::UserKey("alice");
  record.id = EngineId(kAliceEngine);
  record.host = "10.0.0.7";
  record.port = 15002;
  record.registered_by = "root";
  world_.directory.AddEngine(record);
  world_.Settle();

  const auto drained = Drain(AdminWorld::Admin(), kAliceEngine);

  EXPECT_EQ(drained.error().code, Code::kFailedPrecondition);
  EXPECT_NE(drained.error().message.find("unregister"), std::string::npos);
  EXPECT_FALSE(world_.directory.Control(EngineId(kAliceEngine)));
}

TEST_F(EngineOrderHandlersTest, RefusesAGraceThatIsNone) {
  world_.AddEngine(kAliceEngine, AdminWorld::UserKey("alice"));
  for (const int64_t grace : {int64_t{-1}, int64_t{7 * 86'400'000 + 1}, INT64_MAX}) {
    EXPECT_EQ(Drain(AdminWorld::Admin(), kAliceEngine, grace).error().code, Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace foxfire::server
