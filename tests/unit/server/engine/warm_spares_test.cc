#include "server/engine/warm_spares.h"

#include "tests/unit/server/engine/engine_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class WarmSparesTest : public EngineWorld {
 protected:
  void SetUp() override {
    options_.warm_spares = {{"default", 2}};
    options_.concurrent_launches = 1;
    options_.bind_timeout = 15s;
    options_.spare_max_age = 1h;
  }
  void MakeReady(size_t n) {
    launcher_.SetReady(launcher_.spares().at(n).id);
    core_.RunUntilIdle();
  }
  std::vector<SpareStatus> Spares() {
    std::vector<SpareStatus> spares;
    broker_->ListSpares([&spares](std::vector<SpareStatus> list) { spares = std::move(list); });
    core_.RunUntilIdle();
    return spares;
  }
  void RegisterBound(size_t n) {
    const launcher::LaunchRequest bound = launcher_.bound().at(n);
    Register(Record(bound.id, bound.key, launcher_.running()[bound.id]));
  }
};

TEST_F(WarmSparesTest, OneAfterTheOtherGetsReady) {
  StartBroker();
  ASSERT_EQ(launcher_.spares().size(), 1U);
  EXPECT_EQ(launcher_.spares()[0].profile, "default");
  EXPECT_EQ(launcher_.spares()[0].secret.Reveal(), SecretOf(launcher_.spares()[0].id).Reveal());
  EXPECT_EQ(Spares().at(0).state, "warming");

  MakeReady(0);
  ASSERT_EQ(launcher_.spares().size(), 2U);
  MakeReady(1);

  EXPECT_EQ(launcher_.spares().size(), 2U) << "no more than are wanted";
  EXPECT_EQ(Spares().at(1).state, "ready");
  EXPECT_EQ(CountEvents(event::kSpareReady), 2U);
}

TEST_F(WarmSparesTest, TheFirstCallOfAUserBindsOneAndAnotherOneIsMade) {
  StartBroker();
  MakeReady(0);
  MakeReady(1);

  const EngineAnswer answer = Ask(Key("alice"));

  ASSERT_EQ(launcher_.bound().size(), 1U);
  EXPECT_EQ(launcher_.bound()[0].id, launcher_.spares()[0].id);
  EXPECT_EQ(launcher_.bound()[0].key, Key("alice"));
  EXPECT_EQ(launcher_.bound()[0].run_as, "alice");
  EXPECT_TRUE(launcher_.launches().empty());
  EXPECT_EQ(answer->times, 0) << "it is not registered yet";
  EXPECT_EQ(RowOf(launcher_.bound()[0].id).pid, launcher_.running()[launcher_.bound()[0].id]);

  RegisterBound(0);

  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_EQ((**answer->value)->id, launcher_.spares()[0].id);
  EXPECT_EQ(launcher_.spares().size(), 3U);
}

TEST_F(WarmSparesTest, ASpareServesOneOwnerOnly) {
  StartBroker();
  MakeReady(0);
  Ask(Key("alice"));
  RegisterBound(0);

  Ask(Key("bob"));

  ASSERT_EQ(launcher_.launches().size(), 1U) << "none is ready";
  EXPECT_EQ(launcher_.launches()[0].key, Key("bob"));
  EXPECT_EQ(launcher_.bound().size(), 1U);
}

TEST_F(WarmSparesTest, NoneOfAnotherProfileIsTaken) {
  StartBroker();
  MakeReady(0);

  Ask({ShareLevel::kUser, "alice", "etl", "default"});

  EXPECT_TRUE(launcher_.bound().empty());
  EXPECT_EQ(launcher_.launches().size(), 1U);
}

TEST_F(WarmSparesTest, NoneIsTakenForAnOwnerWhoseProcessDiffersAndThatNeedsATurn) {
  StartBroker();
  MakeReady(0);
  Ask({ShareLevel::kUser, "carol", "etl", "default"});  // has the only turn
  ASSERT_EQ(launcher_.launches().size(), 1U);
  EngineDemand demand{Key("alice"), "alice"};
  demand.overrides.driver_memory = 2ULL << 30;

  broker_->Acquire(demand, [](const Result<LiveEnginePtr>&) {});
  core_.RunUntilIdle();
  EXPECT_EQ(launcher_.launches().size(), 1U) << "it waits for its turn";
  RegisterLaunched(0);

  EXPECT_TRUE(launcher_.bound().empty());
  ASSERT_EQ(launcher_.launches().size(), 2U);
  EXPECT_EQ(launcher_.launches()[1].overrides.driver_memory, 2ULL << 30);
}

TEST_F(WarmSparesTest, NoneIsSpentOnALaunchThatIsRefusedForItsSettings) {
  StartBroker();
  MakeReady(0);
  EngineDemand demand{Key("alice"), "alice"};
  demand.spark_conf = {{"spark.jars.packages", "org.example:thing:1.0"}};

  broker_->Acquire(demand, [](const Result<LiveEnginePtr>&) {});
  core_.RunUntilIdle();

  EXPECT_TRUE(launcher_.bound().empty());
  EXPECT_EQ(launcher_.launches().size(), 1U) << "the launcher says what is wrong";
  EXPECT_EQ(Spares().at(0).state, "ready");
}

TEST_F(WarmSparesTest, BindingNeedsNoTurn) {
  StartBroker();
  MakeReady(0);
  Ask({ShareLevel::kUser, "carol", "etl", "default"});  // has the only turn

  Ask(Key("alice"));

  EXPECT_EQ(launcher_.bound().size(), 1U);
}

TEST_F(WarmSparesTest, OneSpareSparesOneLaunchItsTurn) {
  options_.warm_spares = {{"default", 1}};
  StartBroker();
  MakeReady(0);
  for (int i = 0; i < 5; ++i) {
    broker_->Acquire(EngineDemand{Key("user" + std::to_string(i)), "u"},
                     [](const Result<LiveEnginePtr>&) {});
  }
  core_.RunUntilIdle();

  EXPECT_EQ(launcher_.bound().size(), 1U);
  EXPECT_EQ(launcher_.launches().size(), 1U) << "one turn, one launch";
}

TEST_F(WarmSparesTest, SparesThatCannotBeBoundMakeNoMoreLaunchesThanThereAreTurns) {
  StartBroker();
  MakeReady(0);
  MakeReady(1);
  Ask(Key("alice"));
  Ask(Key("bob"));
  ASSERT_EQ(launcher_.bound().size(), 2U);

  core_.Advance(16s);

  EXPECT_EQ(launcher_.launches().size(), 1U) << "engine.concurrent_launches is 1";
  RegisterLaunched(0);
  EXPECT_EQ(launcher_.launches().size(), 2U);
}

TEST_F(WarmSparesTest, OneThatGetsReadyHelpsWhoeverWaitsForATurn) {
  StartBroker();
  Ask({ShareLevel::kUser, "carol", "etl", "default"});  // has the only turn
  Ask(Key("alice"));
  EXPECT_TRUE(launcher_.bound().empty());

  MakeReady(0);

  ASSERT_EQ(launcher_.bound().size(), 1U);
  EXPECT_EQ(launcher_.bound()[0].key, Key("alice"));
}

TEST_F(WarmSparesTest, WhoeverWaitsForALaunchGoesBeforeANewSpare) {
  options_.warm_spares = {};
  StartBroker();
  Ask(Key("alice"));

  broker_->SetWarmSpares({{"default", 1}});
  core_.RunUntilIdle();
  EXPECT_TRUE(launcher_.spares().empty());

  RegisterLaunched();
  EXPECT_EQ(launcher_.spares().size(), 1U);
}

TEST_F(WarmSparesTest, ASpareThatDiesWhileItIsBoundCostsTheCallerNothingButTime) {
  StartBroker();
  MakeReady(0);
  const EngineAnswer answer = Ask(Key("alice"));

  launcher_.End(launcher_.bound()[0].id, "exit status 1");
  core_.RunUntilIdle();

  ASSERT_EQ(launcher_.launches().size(), 1U);
  EXPECT_EQ(answer->times, 0);
  EXPECT_EQ(CountEvents(event::kSpareBindFailed), 1U);
  const EngineId id = RegisterLaunched();
  ASSERT_TRUE(answer->value && answer->value->has_value());
  EXPECT_EQ((**answer->value)->id, id);
  EXPECT_EQ(RowOf(launcher_.bound()[0].id).end_reason, "it could not be bound");
}

TEST_F(WarmSparesTest, ASpareThatDoesNotRegisterIsEndedAndReplacedByALaunch) {
  StartBroker();
  MakeReady(0);
  Ask(Key("alice"));

  core_.Advance(16s);

  ASSERT_EQ(launcher_.killed().size(), 1U);
  EXPECT_EQ(launcher_.killed()[0], launcher_.bound()[0].id);
  EXPECT_EQ(launcher_.launches().size(), 1U);
}

TEST_F(WarmSparesTest, OnesThatFailAreTriedAgainAfterAPauseThatDoubles) {
  StartBroker();
  launcher_.End(launcher_.spares()[0].id, "exit status 1");
  core_.RunUntilIdle();
  EXPECT_EQ(launcher_.spares().size(), 1U);
  EXPECT_EQ(CountEvents(event::kSpareEnded), 1U);

  core_.Advance(5s);
  ASSERT_EQ(launcher_.spares().size(), 2U);
  launcher_.End(launcher_.spares()[1].id, "exit status 1");
  core_.Advance(9s);
  EXPECT_EQ(launcher_.spares().size(), 2U);
  core_.Advance(1s);
  EXPECT_EQ(launcher_.spares().size(), 3U);
}

TEST_F(WarmSparesTest, AProfileWhoseSparesFailDoesNotKeepOthersFromTheirs) {
  options_.warm_spares = {{"default", 1}, {"etl", 1}};
  StartBroker();
  ASSERT_EQ(launcher_.spares().at(0).profile, "default");

  launcher_.End(launcher_.spares()[0].id, "exit status 1");
  core_.RunUntilIdle();

  ASSERT_EQ(launcher_.spares().size(), 2U);
  EXPECT_EQ(launcher_.spares()[1].profile, "etl");
}

TEST_F(WarmSparesTest, AProfileThatIsChangedIsTriedAgainAtOnce) {
  StartBroker();
  launcher_.End(launcher_.spares().at(0).id, "exit status 1");
  core_.RunUntilIdle();
  ASSERT_EQ(launcher_.spares().size(), 1U) << "it pauses";

  broker_->SetWarmSpares({});
  broker_->SetWarmSpares({{"default", 2}});
  core_.RunUntilIdle();

  EXPECT_EQ(launcher_.spares().size(), 2U);
}

TEST_F(WarmSparesTest, OneThatCannotBeStartedIsNoEndlessLoop) {
  launcher_.FailLaunches(Error{Code::kFailedPrecondition, "no such Spark"});
  StartBroker();

  EXPECT_EQ(launcher_.spares().size(), 1U);
  EXPECT_TRUE(Spares().empty());
}

TEST_F(WarmSparesTest, OneThatNeverGetsReadyIsEnded) {
  options_.launch_timeout = 3min;
  StartBroker();

  core_.Advance(181s);

  EXPECT_EQ(launcher_.killed().size(), 1U);
  EXPECT_EQ(CountEvents(event::kSpareEnded), 1U);
}

TEST_F(WarmSparesTest, AnOldOneIsReplaced) {
  options_.warm_spares = {{"default", 1}};
  StartBroker();
  MakeReady(0);

  core_.Advance(61min);

  ASSERT_EQ(launcher_.killed().size(), 1U);
  EXPECT_EQ(launcher_.killed()[0], launcher_.spares()[0].id);
  EXPECT_EQ(launcher_.spares().size(), 2U);
}

TEST_F(WarmSparesTest, FewerAreKeptWhenFewerAreWanted) {
  StartBroker();
  MakeReady(0);
  MakeReady(1);

  broker_->SetWarmSpares({{"default", 1}});
  core_.RunUntilIdle();

  EXPECT_EQ(launcher_.killed().size(), 1U);
  EXPECT_EQ(Spares().size(), 1U);
}

TEST_F(WarmSparesTest, AGatewayThatTakesItsEnginesAlongTakesItsSparesToo) {
  StartBroker();
  MakeReady(0);

  broker_->KillOwn({"foxfired", "stops", 1s, ""}, [] {});
  core_.RunUntilIdle();

  EXPECT_EQ(launcher_.killed().size(), 2U);
  EXPECT_TRUE(Spares().empty());
}

}  // namespace
}  // namespace foxfire::server
