#include "server/admin/registration_handlers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "auth/sealed_secret.h"
#include "discovery/records.h"
#include "server/store/event_types.h"
#include "tests/fakes/fake_executor.h"
#include "tests/unit/server/admin/admin_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

constexpr const char* kToken = "the-engine-s-token";

class RegistrationHandlersTest : public testing::Test {
 protected:
  static CallLimits Soon() { return {std::chrono::steady_clock::now() + 30s, {}}; }

  static pb::RegisterEngineRequest OfGroup() {
    pb::RegisterEngineRequest request;
    request.set_endpoint("10.0.0.7:15002");
    request.set_group("data");
    request.set_profile("prod");
    request.set_token(kToken);
    return request;
  }
  Result<pb::RegisterEngineResponse> Register(const pb::RegisterEngineRequest& request,
                                              const Caller& caller = AdminWorld::Admin()) {
    return handlers_.Register(caller, request, Soon());
  }
  Result<pb::UnregisterEngineResponse> Unregister(const std::string& id,
                                                  const Caller& caller = AdminWorld::Admin()) {
    pb::UnregisterEngineRequest request;
    request.set_engine_id(id);
    return handlers_.Unregister(caller, request, Soon());
  }
  static EngineKeyOptions Keys() {
    EngineKeyOptions keys;
    keys.profiles = {"default", "prod"};
    return keys;
  }
  bool HasEngines() { return !world_.directory.View()->engines.empty(); }

  AdminWorld world_;
  const Published<EngineKeyOptions> keys_{std::make_shared<EngineKeyOptions>(Keys())};
  const Secret key_ = auth::SealingKey("a cluster secret");
  Result<void> greeting_;
  std::vector<std::string> greeted_;
  RegistrationHandlers handlers_{
      {keys_, world_.directory, world_.sessions, world_.store, world_.clock},
      key_,
      [this](const std::string& endpoint, const Secret& token, Duration) {
        greeted_.push_back(endpoint + " " + std::string(token.Reveal()));
        return greeting_;
      }};
};

TEST_F(RegistrationHandlersTest, MakesANodeThatKeepsTheTokenSealed) {
  const auto made = Register(OfGroup());

  ASSERT_TRUE(made) << made.error().ToString();
  EXPECT_EQ(made->key(), "group:data:prod:default");
  EXPECT_EQ(made->endpoint(), "10.0.0.7:15002");
  EXPECT_EQ(greeted_, std::vector<std::string>({"10.0.0.7:15002 the-engine-s-token"}));
  const auto view = world_.directory.View();
  const discovery::EngineRecord* record = view->Find(EngineId(made->engine_id()));
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->registered_by, "root");
  EXPECT_EQ(record->run_as, "data");
  EXPECT_EQ(record->pid, 0);
  EXPECT_EQ(discovery::ToJson(*record).find(kToken), std::string::npos);
  const auto opened = auth::OpenSecret(key_, record->SealContext(), record->sealed_secret);
  ASSERT_TRUE(opened) << opened.error().ToString();
  EXPECT_EQ(opened->Reveal(), kToken);
  const EventRecord event = world_.LastEvent(event::kEngineRegistered);
  EXPECT_EQ(event.engine_id, made->engine_id());
  EXPECT_NE(event.detail.find("by root: at 10.0.0.7:15002"), std::string::npos) << event.detail;
  EXPECT_EQ(event.detail.find(kToken), std::string::npos);
}

TEST_F(RegistrationHandlersTest, SealsForOnePlaceOnly) {
  const auto made = Register(OfGroup());
  ASSERT_TRUE(made);
  discovery::EngineRecord record = *world_.directory.View()->Find(EngineId(made->engine_id()));

  record.port = 15003;

  EXPECT_FALSE(auth::OpenSecret(key_, record.SealContext(), record.sealed_secret));
}

TEST_F(RegistrationHandlersTest, TakesOneWithoutAToken) {
  pb::RegisterEngineRequest request;
  request.set_endpoint("[fd00::7]:15002");
  request.set_server(true);
  request.set_run_as("spark");

  const auto made = Register(request);

  ASSERT_TRUE(made) << made.error().ToString();
  EXPECT_EQ(made->key(), "server:foxfire:default:default");
  EXPECT_EQ(made->endpoint(), "[fd00::7]:15002");
  const auto view = world_.directory.View();
  EXPECT_EQ(view->Find(EngineId(made->engine_id()))->sealed_secret, "");
  EXPECT_EQ(view->Find(EngineId(made->engine_id()))->run_as, "spark");
}

TEST_F(RegistrationHandlersTest, WritesNothingIfTheEngineDoesNotAnswerAsItShould) {
  greeting_ = MakeError(Code::kFailedPrecondition, "no engine answers");

  EXPECT_EQ(Register(OfGroup()).error().message, "no engine answers");
  EXPECT_FALSE(HasEngines());
  EXPECT_EQ(world_.LastEvent(event::kEngineRegistered).type, "");
}

TEST_F(RegistrationHandlersTest, IsForAdministratorsOnly) {
  EXPECT_EQ(Register(OfGroup(), AdminWorld::CallerOf("alice")).error().code,
            Code::kPermissionDenied);
  EXPECT_EQ(Unregister(kAliceEngine, AdminWorld::CallerOf("alice")).error().code,
            Code::kPermissionDenied);
  EXPECT_TRUE(greeted_.empty());
  EXPECT_FALSE(HasEngines());
}

TEST_F(RegistrationHandlersTest, RefusesWhatNoClientCouldUse) {
  const auto refuses = [this](const std::function<void(pb::RegisterEngineRequest&)>& change,
                              const std::string& complaint) {
    pb::RegisterEngineRequest request = OfGroup();
    change(request);
    const auto made = Register(request);
    ASSERT_FALSE(made) << complaint;
    EXPECT_EQ(made.error().code, Code::kInvalidArgument);
    EXPECT_NE(made.error().message.find(complaint), std::string::npos) << made.error().message;
  };
  refuses([](auto& request) { request.set_endpoint("somewhere:15002"); }, "IP address");
  refuses([](auto& request) { request.set_endpoint("10.0.0.7"); }, "IP address");
  refuses([](auto& request) { request.set_user("alice"); }, "one of user, group and server");
  refuses([](auto& request) { request.set_group(""); }, "one of user, group and server");
  refuses([](auto& request) { request.set_group(" data"); }, "group name");
  refuses([](auto& request) { request.set_profile("nope"); }, "no profile \"nope\"");
  refuses([](auto& request) { request.set_subdomain("a/b"); }, "--subdomain");
  refuses([](auto& request) { request.set_token("two words"); }, "one word");
  refuses([](auto& request) { request.set_run_as("a\nb"); }, "--run-as");
  EXPECT_TRUE(greeted_.empty());
}

TEST_F(RegistrationHandlersTest, RegistersAPlaceOnceForAKey) {
  ASSERT_TRUE(Register(OfGroup()));
  EXPECT_EQ(Register(OfGroup()).error().code, Code::kAlreadyExists);

  pb::RegisterEngineRequest other = OfGroup();
  other.set_endpoint("10.0.0.8:15002");
  EXPECT_TRUE(Register(other));
}

TEST_F(RegistrationHandlersTest, SaysThatZooKeeperIsAway) {
  world_.directory.FailNext(discovery::InMemoryEngineDirectory::Op::kPutEngine,
                            {Code::kUnavailable, "ZooKeeper is away"});

  const auto made = Register(OfGroup());

  EXPECT_EQ(made.error().code, Code::kFailedPrecondition);
  EXPECT_EQ(made.error().message, "ZooKeeper is away");
}

TEST_F(RegistrationHandlersTest, NotesAChangeThatIsMadeAfterItsCallerHasLeft) {
  FakeExecutor zookeeper(world_.clock);  // answers when it is told to
  discovery::InMemoryEngineDirectory directory(zookeeper);
  RegistrationHandlers handlers({keys_, directory, world_.sessions, world_.store, world_.clock},
                                key_, [](const auto&...) { return Result<void>(); });
  const CallLimits now = {std::chrono::steady_clock::now(), {}};

  EXPECT_EQ(handlers.Register(AdminWorld::Admin(), OfGroup(), now).error().code,
            Code::kDeadlineExceeded);
  EXPECT_EQ(world_.LastEvent(event::kEngineRegistered).type, "");
  zookeeper.RunUntilIdle();

  const EventRecord event = world_.LastEvent(event::kEngineRegistered);
  EXPECT_NE(event.detail.find("by root: at 10.0.0.7:15002"), std::string::npos) << event.detail;
}

TEST_F(RegistrationHandlersTest, UnregistersAndSaysWhatStillRuns) {
  const auto made = Register(OfGroup());
  ASSERT_TRUE(made);
  world_.AddSession("bob", kBobSession, made->engine_id().c_str());

  const auto gone = Unregister(made->engine_id().substr(0, 8));

  ASSERT_TRUE(gone) << gone.error().ToString();
  EXPECT_EQ(gone->engine_id(), made->engine_id());
  EXPECT_EQ(gone->endpoint(), "10.0.0.7:15002");
  EXPECT_EQ(gone->sessions(), 1);
  EXPECT_FALSE(HasEngines());
  EXPECT_EQ(world_.LastEvent(event::kEngineUnregistered).engine_id, made->engine_id());
}

TEST_F(RegistrationHandlersTest, LeavesEnginesThatRegisteredThemselves) {
  world_.AddEngine(kAliceEngine, AdminWorld::UserKey("alice"));

  EXPECT_EQ(Unregister(kAliceEngine).error().code, Code::kFailedPrecondition);
  EXPECT_EQ(Unregister(kBobEngine).error().code, Code::kNotFound);
  EXPECT_TRUE(HasEngines());
}

}  // namespace
}  // namespace foxfire::server
