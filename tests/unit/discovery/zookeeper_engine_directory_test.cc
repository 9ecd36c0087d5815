#include "discovery/zookeeper_engine_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_zookeeper.h"
#include "tests/support/awaited.h"
#include "tests/unit/discovery/engine_directory_contract.h"

namespace foxfire::discovery {
namespace {

using testing::HasSubstr;

// A directory on a fake ZooKeeper, with its real thread.
class FakeZooKeeperHarness {
 public:
  FakeZooKeeperHarness() {
    ZooKeeperDirectoryOptions options;
    options.client.connect = "zk:2181";
    options.gateway.id = GatewayId("g1");
    directory_ = *ZooKeeperEngineDirectory::Create(
        options, clock_, metrics_, [this](const ZooKeeperClientOptions&, Executor& executor) {
          return zookeeper_.MakeClient(executor);
        });
    directory_->OnChange([this] { changed_.Notify(); });
  }
  void Start() {
    directory_->Start();
    EXPECT_TRUE(changed_.Await([&] { return directory_->Health().has_value(); }));
  }
  ZooKeeperEngineDirectory& real() { return *directory_; }
  FakeZooKeeper& zookeeper() { return zookeeper_; }
  const NodeLayout& layout() const { return layout_; }
  Metrics& metrics() { return metrics_; }
  FakeClock& clock() { return clock_; }

  EngineDirectory& directory() { return *directory_; }
  ChangeSignal& changed() { return changed_; }
  void Settle() {}
  void AddEngine(const EngineRecord& record) {
    zookeeper_.Put(layout_.Engine(record.key, record.id), ToJson(record), 99);
  }
  void DropEngine(const EngineRecord& record) {
    zookeeper_.Remove(layout_.Engine(record.key, record.id));
  }
  void HoldLockElsewhere(const EngineKey& key) { zookeeper_.Put(layout_.Launch(key), "{}", 99); }
  void FreeLockElsewhere(const EngineKey& key) { zookeeper_.Remove(layout_.Launch(key)); }
  std::optional<ControlCommand> Control(const EngineId& id) {
    const auto data = zookeeper_.Data(layout_.Control(id));
    if (!data) return std::nullopt;
    return ParseControlCommand(*data).value();
  }

 private:
  FakeClock clock_;
  Metrics metrics_;
  FakeZooKeeper zookeeper_;
  const NodeLayout layout_ = *NodeLayout::Create("/foxfire");
  ChangeSignal changed_;
  std::unique_ptr<ZooKeeperEngineDirectory> directory_;
};

struct StartedHarness : FakeZooKeeperHarness {
  StartedHarness() { Start(); }
};

INSTANTIATE_TYPED_TEST_SUITE_P(OnFakeZooKeeper, EngineDirectoryContract, StartedHarness);

class ZooKeeperEngineDirectoryTest : public testing::Test {
 protected:
  using BoolAnswer = AwaitedValue<Result<bool>>;

  std::shared_ptr<BoolAnswer> BeginAcquire(const EngineKey& key) {
    auto answer = BoolAnswer::Make();
    harness_.real().AcquireLaunchLock(key, [answer](Result<bool> taken) { answer->Set(taken); });
    return answer;
  }
  Result<bool> Acquire(const EngineKey& key) {
    return BeginAcquire(key)->Wait().value_or(MakeError(Code::kDeadlineExceeded, "no answer"));
  }
  bool AwaitHealthError(const std::string& part) {
    return harness_.changed().Await([&] {
      const auto health = harness_.real().Health();
      return !health && health.error().message.find(part) != std::string::npos;
    });
  }
  bool AwaitHealthy() {
    return harness_.changed().Await([&] { return harness_.real().Health().has_value(); });
  }
  std::string GatewayNode() { return harness_.layout().Gateway(GatewayId("g1")); }

  FakeZooKeeperHarness harness_;
};

TEST_F(ZooKeeperEngineDirectoryTest, RefusesBadOptionsBeforeItStarts) {
  FakeClock clock;
  Metrics metrics;
  ZooKeeperDirectoryOptions options;
  options.client.connect = "nowhere";
  const auto bad_connect = ZooKeeperEngineDirectory::Create(options, clock, metrics);
  EXPECT_THAT(bad_connect.error().message, HasSubstr("zookeeper.connect"));

  options.client.connect = "a:1";
  options.root = "foxfire";
  const auto bad_root = ZooKeeperEngineDirectory::Create(options, clock, metrics);
  EXPECT_THAT(bad_root.error().message, HasSubstr("zookeeper.root"));
}

TEST_F(ZooKeeperEngineDirectoryTest, MakesParentsAndRegisters) {
  harness_.Start();

  for (const std::string& path : harness_.layout().Parents())
    EXPECT_TRUE(harness_.zookeeper().Data(path).has_value()) << path;
  EXPECT_TRUE(harness_.changed().Await(
      [&] { return harness_.zookeeper().Data(GatewayNode()).has_value(); }));
  EXPECT_THAT(harness_.metrics().Render(), HasSubstr("foxfire_discovery_connected 1"));
}

TEST_F(ZooKeeperEngineDirectoryTest, StartsWhileZooKeeperIsAway) {
  harness_.zookeeper().Down();
  harness_.real().Start();
  harness_.clock().Advance(std::chrono::seconds(12));
  EXPECT_TRUE(AwaitHealthError("ZooKeeper at zk:2181 cannot be reached for 12 s"));
  const auto answer = Acquire(KeyOf("alice"));
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("zk:2181"));

  harness_.zookeeper().Up();

  EXPECT_TRUE(AwaitHealthy());
  EXPECT_EQ(Acquire(KeyOf("alice")), true);
}

TEST_F(ZooKeeperEngineDirectoryTest, FailsAtOnceWhileDisconnectedAndCountsIt) {
  harness_.Start();
  harness_.zookeeper().Down();
  ASSERT_TRUE(AwaitHealthError("cannot be reached"));

  EXPECT_EQ(Acquire(KeyOf("alice")).error().code, Code::kUnavailable);

  EXPECT_TRUE(harness_.changed().Await([&] { return harness_.real().View()->stale; }));
  const std::string metrics = harness_.metrics().Render();
  EXPECT_THAT(metrics, HasSubstr("foxfire_discovery_operation_errors_total 1"));
  EXPECT_THAT(metrics, HasSubstr("foxfire_discovery_connected 0"));
}

TEST_F(ZooKeeperEngineDirectoryTest, RegistersAgainAndHoldsNoLockAfterExpiry) {
  harness_.Start();
  const EngineKey key = KeyOf("alice");
  EXPECT_EQ(Acquire(key), true);
  const int64_t session = harness_.zookeeper().Owner(harness_.layout().Launch(key));

  harness_.zookeeper().Expire();

  EXPECT_TRUE(harness_.changed().Await([&] {
    const int64_t owner = harness_.zookeeper().Owner(GatewayNode());
    return owner != 0 && owner != session;
  }));
  EXPECT_EQ(Acquire(key), true) << "lost with the session, so it can be taken again";
  EXPECT_NE(harness_.zookeeper().Owner(harness_.layout().Launch(key)), session);
  const std::string metrics = harness_.metrics().Render();
  EXPECT_THAT(metrics, HasSubstr("foxfire_discovery_session_expiries_total 1"));
  EXPECT_THAT(metrics, HasSubstr("foxfire_discovery_reconnects_total 1"));
}

TEST_F(ZooKeeperEngineDirectoryTest, GivesALockBackThatWasReleasedWhileAway) {
  harness_.Start();
  const EngineKey key = KeyOf("alice");
  EXPECT_EQ(Acquire(key), true);
  harness_.zookeeper().Down();
  ASSERT_TRUE(AwaitHealthError("cannot be reached"));
  const auto released = AwaitedValue<Result<void>>::Make();
  harness_.real().ReleaseLaunchLock(key, [released](Result<void> done) { released->Set(done); });
  ASSERT_EQ(released->Wait()->error().code, Code::kUnavailable);

  harness_.zookeeper().Up();

  EXPECT_TRUE(harness_.changed().Await(
      [&] { return !harness_.zookeeper().Data(harness_.layout().Launch(key)).has_value(); }));
}

TEST_F(ZooKeeperEngineDirectoryTest, SaysThatTheDigestIsWrong) {
  harness_.zookeeper().Put("/foxfire", "");
  harness_.zookeeper().Deny("/foxfire");

  harness_.real().Start();

  EXPECT_TRUE(AwaitHealthError("zookeeper.digest_file is missing or wrong"));
  EXPECT_THAT(Acquire(KeyOf("alice")).error().message, HasSubstr("zookeeper.digest_file"));
}

TEST_F(ZooKeeperEngineDirectoryTest, SaysThatItCannotMakeItsNodes) {
  harness_.zookeeper().FailNext(FakeZooKeeper::Op::kCreate, Code::kPermissionDenied);

  harness_.real().Start();

  EXPECT_TRUE(AwaitHealthError("injected failure at /foxfire"));
}

TEST_F(ZooKeeperEngineDirectoryTest, MakesItsNodesAgainWhenSomebodyDeletesThem) {
  harness_.Start();
  harness_.zookeeper().Remove("/foxfire");

  EXPECT_TRUE(harness_.changed().Await(
      [&] { return harness_.zookeeper().Data(harness_.layout().Engines()).has_value(); }));
}

TEST_F(ZooKeeperEngineDirectoryTest, AnswersEverythingOnceWhenItStops) {
  harness_.Start();
  std::vector<std::shared_ptr<BoolAnswer>> answers;
  for (int i = 0; i < 100; ++i) answers.push_back(BeginAcquire(KeyOf(std::to_string(i))));
  harness_.zookeeper().Put(harness_.layout().Launch(KeyOf("held")), "", 99);
  const auto waiting = AwaitedValue<Result<void>>::Make();
  harness_.real().AwaitLaunchLockFree(KeyOf("held"),
                                      [waiting](Result<void> done) { waiting->Set(done); });

  harness_.real().Stop();
  harness_.real().Stop();

  for (const auto& answer : answers) EXPECT_EQ(answer->times(), 1);
  EXPECT_EQ(waiting->times(), 1);
  EXPECT_EQ(harness_.zookeeper().Data(GatewayNode()), std::nullopt);
  EXPECT_EQ(Acquire(KeyOf("late")).error().code, Code::kUnavailable);
  EXPECT_FALSE(harness_.real().Health().has_value());
}

TEST_F(ZooKeeperEngineDirectoryTest, AnswersWithUnavailableBeforeItStarts) {
  EXPECT_EQ(Acquire(KeyOf("early")).error().code, Code::kUnavailable);
  EXPECT_FALSE(harness_.real().Health().has_value());
}

TEST_F(ZooKeeperEngineDirectoryTest, ServesManyThreadsThroughTrouble) {
  harness_.Start();
  constexpr int kThreads = 4;
  constexpr int kRounds = 50;
  std::atomic<int> answers = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this, i, &answers] {
      for (int round = 0; round < kRounds; ++round) {
        const SessionBinding binding = SampleBinding(std::to_string(i));
        harness_.real().BindSession(binding, [&](const Result<SessionBinding>&) { ++answers; });
        harness_.real().AcquireLaunchLock(KeyOf("x"), [&](Result<bool>) { ++answers; });
        harness_.real().ReleaseLaunchLock(KeyOf("x"), [&](Result<void>) { ++answers; });
        EXPECT_NE(harness_.real().View(), nullptr);
        static_cast<void>(harness_.real().Health());
      }
    });
  }
  for (int round = 0; round < 20; ++round) {
    harness_.zookeeper().Down();
    harness_.zookeeper().Up();
    harness_.AddEngine(SampleEngine("alice"));
    harness_.zookeeper().Expire();
  }
  for (std::thread& thread : threads) thread.join();

  harness_.real().Stop();

  EXPECT_EQ(answers, kThreads * kRounds * 3);
}

}  // namespace
}  // namespace foxfire::discovery
