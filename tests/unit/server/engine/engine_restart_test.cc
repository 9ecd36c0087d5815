// What a broker makes of its start: engines that outlived the last gateway, a ZooKeeper that is
// slow to answer.
#include "tests/unit/server/engine/engine_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class EngineRestartTest : public EngineWorld {
 protected:
  static constexpr const char* kSession = "11111111-2222-3333-4444-555555555555";
  static constexpr int64_t kPid = 4711;

  // As the last gateway left it.
  void StoreEngine(const EngineId& id, std::optional<WallTime> ended_at = std::nullopt) {
    EngineRow row;
    row.engine_id = id.str();
    row.key = Key("alice").ToString();
    row.owner = "alice";
    row.state = "ready";
    row.endpoint = "127.0.0.1:4040";
    row.pid = kPid;
    row.started_at = clock_.WallNow();
    row.ended_at = ended_at;
    store_.Save(row);
  }
  const EngineId id_{"22222222-2222-3333-4444-555555555555"};
};

TEST_F(EngineRestartTest, EnginesThatOutlivedTheLastGatewayAreAdopted) {
  StoreEngine(id_);
  directory_.AddEngine(Record(id_, Key("alice"), kPid));
  StartBroker();

  EXPECT_EQ(launcher_.adopted().at(id_), kPid);
  EXPECT_EQ(PresenceFor(Key("alice")), kLive);
  const EngineAnswer answer = Ask(Key("alice"));
  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_EQ((**answer->value)->id, id_);
  EXPECT_EQ((**answer->value)->secret.Reveal(), SecretOf(id_).Reveal());
}

TEST_F(EngineRestartTest, SessionsReachAnEngineThatIsNotRegisteredYet) {
  directory_.SetSynced(false);
  StoreEngine(id_);

  StartBroker();

  EXPECT_EQ(PresenceOf(id_), kLive);
  EXPECT_EQ(PresenceFor(Key("alice")), kUnknown);
}

TEST_F(EngineRestartTest, SessionsOfAnEngineThatIsGoneAreLost) {
  StoreEngine(id_);
  const SessionPtr session = OpenSession("alice", kSession, id_);
  launcher_.SetGone(kPid);

  StartBroker();

  EXPECT_EQ(PresenceOf(id_), kGone);
  EXPECT_EQ(session->state(), SessionState::kLost);
  EXPECT_EQ(RowOf(id_).state, "dead");
}

TEST_F(EngineRestartTest, EnginesThatHadEndedAreLeftAlone) {
  StoreEngine(id_, clock_.WallNow());

  StartBroker();

  EXPECT_TRUE(launcher_.adopted().empty());
  EXPECT_TRUE(broker_->List().empty());
}

TEST_F(EngineRestartTest, AStoreThatCannotBeReadIsAnErrorAtStart) {
  store_.FailReads({Code::kUnavailable, "the database is locked"});
  EngineBroker broker(options_, SecretsBy(SecretOf),
                      {directory_, launcher_, sessions_, store_, probes_, core_, metrics_});

  const auto started = broker.Start();

  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().message, "the database is locked");
}

TEST_F(EngineRestartTest, NothingIsLaunchedBeforeTheDirectoryHasBeenRead) {
  directory_.SetSynced(false);
  StartBroker();
  const EngineAnswer answer = Ask(Key("alice"));
  core_.Advance(5s);
  EXPECT_TRUE(launcher_.launches().empty());

  directory_.AddEngine(Record(id_, Key("alice"), kPid));
  directory_.SetSynced(true);
  core_.RunUntilIdle();

  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_EQ((**answer->value)->id, id_);
  EXPECT_TRUE(launcher_.launches().empty());
}

TEST_F(EngineRestartTest, WaitingForTheFirstReadingEndsAfterTenSeconds) {
  directory_.SetSynced(false);
  directory_.SetStale(true);
  StartBroker();
  int synced = 0;
  broker_->AwaitSync([&synced] { ++synced; });
  const EngineAnswer answer = Ask(Key("alice"));
  core_.Advance(10s - 1ns);
  EXPECT_EQ(synced, 0);

  core_.Advance(1ns);

  EXPECT_EQ(synced, 1);
  EXPECT_EQ(answer->times, 0) << "the launch waits for ZooKeeper now";
  EXPECT_EQ(PresenceOf(id_), kUnknown);
  directory_.SetSynced(true);
  directory_.SetStale(false);
  core_.Advance(2s);
  EXPECT_EQ(launcher_.launches().size(), 1U);
  EXPECT_EQ(PresenceOf(id_), kGone);
}

TEST_F(EngineRestartTest, AwaitSyncAnswersAtOnceLater) {
  StartBroker();
  int synced = 0;

  broker_->AwaitSync([&synced] { ++synced; });
  core_.RunUntilIdle();

  EXPECT_EQ(synced, 1);
}

}  // namespace
}  // namespace foxfire::server
