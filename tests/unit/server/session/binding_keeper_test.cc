#include "server/session/binding_keeper.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_executor.h"
#include "tests/fakes/in_memory_engine_directory.h"
#include "tests/fakes/in_memory_event_store.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using Op = discovery::InMemoryEngineDirectory::Op;

constexpr Duration kIdleTimeout = 4h;
constexpr Duration kNotePeriod = 30min;
constexpr Duration kLag = kNotePeriod + 10s;

// Two gateways on one ZooKeeper.
class BindingKeeperTest : public testing::Test {
 protected:
  struct Gateway {
    explicit Gateway(BindingKeeperTest& world)
        : sessions({}, world.clock_, world.store_, metrics),
          bindings(sessions, world.directory_, world.core_) {}

    Metrics metrics;
    SessionManager sessions;
    BindingKeeper bindings;
  };

  SessionInfo Info() const {
    SessionInfo info;
    info.user = UserId("alice");
    info.id = SessionId("s1");
    info.key = {ShareLevel::kUser, "alice", "default", "default"};
    info.engine = EngineId("engine-1");
    info.created_at = clock_.WallNow();
    return info;
  }
  // Opened through `a_`, and taken over by `b_`.
  void OpenAtBoth() {
    at_a_ = a_.sessions.Open(Info());
    a_.bindings.Bind(at_a_->info());
    at_b_ = b_.sessions.Open(at_a_->info());
    b_.bindings.NoteUse(at_b_, clock_.WallNow());
    core_.RunUntilIdle();
  }
  // What a gateway does now and then.
  void Sweep(Gateway& gateway) {
    const WallTime idle_since =
        clock_.WallNow() - std::chrono::duration_cast<WallTime::duration>(kIdleTimeout);
    const auto swept = gateway.sessions.Sweep(idle_since, WallTime::min(), kNotePeriod);
    for (const auto& [session, used_at] : swept.used) gateway.bindings.NoteUse(session, used_at);
    for (const SessionPtr& session : swept.idle)
      gateway.bindings.EndIdle(session, idle_since, kLag, "idle");
    core_.RunUntilIdle();
  }
  void Use(const SessionPtr& session) {
    session->CallBegan(clock_.WallNow(), false);
    session->CallEnded(clock_.WallNow());
  }
  void PassTime(Duration time, const SessionPtr& used = nullptr) {
    for (Duration passed{}; passed < time; passed += 10min) {
      core_.Advance(10min);
      if (used != nullptr) Use(used);
      Sweep(a_);
      Sweep(b_);
    }
  }
  std::optional<discovery::SessionBinding> Binding() const {
    return directory_.BindingOf(UserId("alice"), SessionId("s1"));
  }

  FakeClock clock_;
  FakeExecutor core_{clock_};
  discovery::InMemoryEngineDirectory directory_{core_};
  InMemoryEventStore store_;
  Gateway a_{*this};
  Gateway b_{*this};
  SessionPtr at_a_;
  SessionPtr at_b_;
};

TEST_F(BindingKeeperTest, ASessionInUseAtOneGatewayIsNotEndedByAnother) {
  OpenAtBoth();

  PassTime(20h, at_b_);

  EXPECT_EQ(at_a_->state(), SessionState::kActive) << "its client may come back to it";
  EXPECT_EQ(at_b_->state(), SessionState::kActive);
  EXPECT_TRUE(Binding());
}

TEST_F(BindingKeeperTest, ACallThatRunsForLongKeepsASessionEverywhere) {
  OpenAtBoth();
  at_b_->CallBegan(clock_.WallNow(), true);

  PassTime(20h);

  EXPECT_EQ(at_a_->state(), SessionState::kActive);
  EXPECT_TRUE(Binding());
}

TEST_F(BindingKeeperTest, AClientMayGoBackAndForth) {
  OpenAtBoth();

  PassTime(5h, at_b_);
  PassTime(5h, at_a_);

  EXPECT_EQ(at_a_->state(), SessionState::kActive);
  EXPECT_EQ(at_b_->state(), SessionState::kActive);
  EXPECT_TRUE(Binding());
}

TEST_F(BindingKeeperTest, ASessionThatNobodyUsesEndsAtAllGateways) {
  OpenAtBoth();
  PassTime(5h, at_b_);

  PassTime(kIdleTimeout + kNotePeriod + 20min);

  EXPECT_EQ(at_a_->state(), SessionState::kExpired);
  EXPECT_EQ(at_b_->state(), SessionState::kExpired);
  EXPECT_FALSE(Binding());
}

TEST_F(BindingKeeperTest, ASessionOfOneGatewayEndsOnTime) {
  at_a_ = a_.sessions.Open(Info());
  a_.bindings.Bind(at_a_->info());
  PassTime(2h, at_a_);

  PassTime(kIdleTimeout);
  EXPECT_EQ(at_a_->state(), SessionState::kActive);
  PassTime(10min);

  EXPECT_EQ(at_a_->state(), SessionState::kExpired);
  EXPECT_FALSE(Binding());
}

TEST_F(BindingKeeperTest, NothingEndsWhileZooKeeperIsAway) {
  OpenAtBoth();
  directory_.SetStale(true);
  PassTime(5h);
  EXPECT_EQ(at_a_->state(), SessionState::kActive);

  directory_.SetStale(false);
  PassTime(10min);

  EXPECT_EQ(at_a_->state(), SessionState::kExpired);
  EXPECT_FALSE(Binding());
}

TEST_F(BindingKeeperTest, ABindingThatCannotBeReadKeepsNoSession) {
  OpenAtBoth();
  core_.Advance(5h);
  directory_.FailNext(Op::kFindSession, {Code::kInvalidArgument, "not JSON"});

  Sweep(a_);

  EXPECT_EQ(at_a_->state(), SessionState::kExpired);
}

TEST_F(BindingKeeperTest, NoErrorOfZooKeepersEndsASession) {
  OpenAtBoth();
  core_.Advance(5h);
  directory_.FailNext(Op::kFindSession, {Code::kPermissionDenied, "not authenticated"});

  Sweep(a_);

  EXPECT_EQ(at_a_->state(), SessionState::kActive);
}

TEST_F(BindingKeeperTest, ABindingThatWasRemovedByMistakeIsWrittenAgainAndThatOfAnEndedOneIsNot) {
  OpenAtBoth();
  b_.bindings.Unbind(at_b_->info());
  core_.RunUntilIdle();
  a_.bindings.NoteUse(at_a_, clock_.WallNow() + 1h);
  core_.RunUntilIdle();
  EXPECT_TRUE(Binding());

  a_.bindings.Unbind(at_a_->info());
  a_.bindings.NoteUse(at_a_, clock_.WallNow() + 2h);
  a_.sessions.End(at_a_, SessionState::kClosed, "closed");
  core_.RunUntilIdle();
  EXPECT_FALSE(Binding());
}

TEST_F(BindingKeeperTest, ASessionThatHasMovedToAnotherEngineIsBoundThere) {
  at_a_ = a_.sessions.Open(Info());
  directory_.SetStale(true);
  a_.bindings.Bind(at_a_->info());
  core_.RunUntilIdle();
  a_.sessions.Forget(at_a_);
  SessionInfo moved = Info();
  moved.engine = EngineId("engine-2");
  a_.sessions.Open(moved);
  a_.bindings.Bind(moved);
  core_.RunUntilIdle();

  directory_.SetStale(false);
  core_.Advance(1s);

  ASSERT_TRUE(Binding());
  EXPECT_EQ(Binding()->engine, moved.engine);
}

TEST_F(BindingKeeperTest, AUseThatCouldNotBeNotedIsNotedByTheNextSweep) {
  directory_.FailNext(Op::kNoteSessionUse, {Code::kUnavailable, "connection loss"});
  OpenAtBoth();
  EXPECT_EQ(Binding()->used_at, WallTime{});

  Sweep(b_);

  EXPECT_EQ(Binding()->used_at, clock_.WallNow());
}

TEST_F(BindingKeeperTest, WhatFailsWhileZooKeeperIsAwayIsDoneWhenItIsBack) {
  at_a_ = a_.sessions.Open(Info());
  SessionInfo other = Info();
  other.id = SessionId("s2");
  a_.bindings.Bind(other);
  core_.RunUntilIdle();
  directory_.SetStale(true);
  a_.bindings.Bind(at_a_->info());
  a_.bindings.Unbind(other);
  core_.Advance(1min);

  directory_.SetStale(false);
  core_.Advance(1s);

  EXPECT_TRUE(Binding());
  EXPECT_FALSE(directory_.BindingOf(other.user, other.id));
}

TEST_F(BindingKeeperTest, WhatCanNeverBeWrittenDoesNotKeepOthersWaiting) {
  at_a_ = a_.sessions.Open(Info());
  SessionInfo other = Info();
  other.id = SessionId("s2");
  a_.sessions.Open(other);
  for (int i = 0; i < 2; ++i)
    directory_.FailNext(Op::kBindSession, {Code::kUnavailable, "connection loss"});
  directory_.FailNext(Op::kBindSession, {Code::kInvalidArgument, "not JSON"});
  a_.bindings.Bind(other);
  a_.bindings.Bind(at_a_->info());

  core_.Advance(1s);

  EXPECT_TRUE(Binding());
  EXPECT_FALSE(directory_.BindingOf(other.user, other.id)) << "it is given up";
  EXPECT_EQ(core_.pending(), 0U);
}

TEST_F(BindingKeeperTest, WhatIsNotWantedAnyMoreIsNotDone) {
  at_a_ = a_.sessions.Open(Info());
  a_.bindings.Bind(at_a_->info());
  core_.RunUntilIdle();
  a_.sessions.Release(at_a_);
  directory_.FailNext(Op::kUnbindSession, {Code::kUnavailable, "connection loss"});
  a_.bindings.Unbind(at_a_->info());
  core_.RunUntilIdle();

  ASSERT_TRUE(a_.sessions.Reopen(at_a_));
  core_.Advance(1s);

  EXPECT_TRUE(Binding()) << "its client has come back";
}

TEST_F(BindingKeeperTest, ASessionThatIsReopenedIsSoonKnownToBeInUse) {
  OpenAtBoth();
  PassTime(1h, at_a_);
  a_.sessions.Release(at_a_);
  a_.bindings.Unbind(at_a_->info());
  ASSERT_TRUE(a_.sessions.Reopen(at_a_));
  a_.bindings.Bind(at_a_->info());
  Use(at_a_);
  core_.RunUntilIdle();

  Sweep(a_);

  ASSERT_TRUE(Binding());
  EXPECT_EQ(Binding()->used_at, clock_.WallNow());
}

}  // namespace
}  // namespace foxfire::server
