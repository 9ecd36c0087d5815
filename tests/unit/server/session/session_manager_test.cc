#include "server/session/session_manager.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "server/store/event_types.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/in_memory_event_store.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class SessionManagerTest : public testing::Test {
 protected:
  static SessionInfo Info(const char* user, const char* id, const char* engine = "engine-1") {
    SessionInfo info;
    info.user = UserId(user);
    info.id = SessionId(id);
    info.key = {ShareLevel::kUser, user, "default", "default"};
    info.engine = EngineId(engine);
    info.client = "pyspark";
    info.address = "127.0.0.1:9";
    return info;
  }
  size_t CountEvents(std::string_view type) const {
    size_t count = 0;
    for (const EventRecord& event : store_.events()) count += event.type == type ? 1 : 0;
    return count;
  }
  WallTime Ago(Duration age) const {
    return clock_.WallNow() - std::chrono::duration_cast<WallTime::duration>(age);
  }

  FakeClock clock_;
  InMemoryEventStore store_;
  Metrics metrics_;
  SessionManager sessions_{{}, clock_, store_, metrics_};
};

TEST_F(SessionManagerTest, ASessionBelongsToItsUser) {
  const SessionPtr session = sessions_.Open(Info("alice", "s1"));

  EXPECT_EQ(sessions_.Find(UserId("alice"), SessionId("s1")), session);
  EXPECT_EQ(sessions_.Find(UserId("bob"), SessionId("s1")), nullptr);
  EXPECT_EQ(CountEvents(event::kSessionOpened), 1U);
}

TEST_F(SessionManagerTest, TheFirstToOpenDecidesTheEngine) {
  const SessionPtr first = sessions_.Open(Info("alice", "s1", "engine-1"));
  const SessionPtr second = sessions_.Open(Info("alice", "s1", "engine-2"));

  EXPECT_EQ(first, second);
  EXPECT_EQ(second->info().engine, EngineId("engine-1"));
  EXPECT_EQ(CountEvents(event::kSessionOpened), 1U);
}

TEST_F(SessionManagerTest, AnEndedSessionStaysKnownWithItsReason) {
  const SessionPtr session = sessions_.Open(Info("alice", "s1"));

  EXPECT_TRUE(sessions_.End(session, SessionState::kClosed, "closed by admin"));
  EXPECT_FALSE(sessions_.End(session, SessionState::kLost, "its engine ended"));

  EXPECT_EQ(sessions_.Find(UserId("alice"), SessionId("s1"))->state(), SessionState::kClosed);
  EXPECT_EQ(sessions_.List().front().end_reason, "closed by admin");
  EXPECT_EQ(sessions_.Open(Info("alice", "s1")), session)
      << "an id that was ended is not opened again";
}

TEST_F(SessionManagerTest, AReleasedIdMayBeUsedAgain) {
  const SessionPtr session = sessions_.Open(Info("alice", "s1"));
  EXPECT_TRUE(sessions_.Release(session));
  EXPECT_TRUE(session->may_reconnect());

  const SessionPtr again = sessions_.Open(Info("alice", "s1"));

  EXPECT_NE(again, session);
  EXPECT_EQ(again->state(), SessionState::kActive);
}

TEST_F(SessionManagerTest, AReleasedSessionGoesOnIfItsEngineDoes) {
  const SessionPtr session = sessions_.Open(Info("alice", "s1"));
  EXPECT_FALSE(sessions_.Reopen(session)) << "it has not been released";
  sessions_.Release(session);

  EXPECT_TRUE(sessions_.Reopen(session));
  EXPECT_FALSE(sessions_.Reopen(session)) << "once";

  EXPECT_EQ(session->state(), SessionState::kActive);
  EXPECT_FALSE(session->may_reconnect());
  EXPECT_EQ(sessions_.UseOf(EngineId("engine-1")).sessions, 1U);
  EXPECT_EQ(sessions_.List().front().end_reason, "");
}

TEST_F(SessionManagerTest, AReleasedSessionWhoseIdIsTakenStaysClosed) {
  const SessionPtr session = sessions_.Open(Info("alice", "s1"));
  sessions_.Release(session);
  const SessionPtr again = sessions_.Open(Info("alice", "s1"));

  EXPECT_FALSE(sessions_.Reopen(session));
  EXPECT_EQ(session->state(), SessionState::kClosed);
  EXPECT_EQ(again->state(), SessionState::kActive);
}

TEST_F(SessionManagerTest, ASessionThatWasEndedIsNotReopened) {
  const SessionPtr session = sessions_.Open(Info("alice", "s1"));
  sessions_.End(session, SessionState::kClosed, "closed by admin");

  EXPECT_FALSE(sessions_.Reopen(session));
}

TEST_F(SessionManagerTest, ALostSessionIsForgettableOnlyWithoutAnAnswer) {
  const SessionPtr silent = sessions_.Open(Info("alice", "s1"));
  const SessionPtr answered = sessions_.Open(Info("alice", "s2"));
  answered->Answered();

  EXPECT_EQ(sessions_.EndAllOf(EngineId("engine-1"), SessionState::kLost, "killed"), 2U);

  EXPECT_TRUE(silent->forgettable());
  EXPECT_FALSE(answered->forgettable());
  EXPECT_NE(sessions_.Open(Info("alice", "s1", "engine-2")), silent);
  EXPECT_EQ(sessions_.Open(Info("alice", "s2", "engine-2")), answered);
}

TEST_F(SessionManagerTest, OnlySessionsOfTheEngineEndWithIt) {
  const SessionPtr other = sessions_.Open(Info("bob", "s2", "engine-2"));
  sessions_.Open(Info("alice", "s1", "engine-1"));

  EXPECT_EQ(sessions_.EndAllOf(EngineId("engine-1"), SessionState::kLost, "killed"), 1U);

  EXPECT_EQ(other->state(), SessionState::kActive);
}

TEST_F(SessionManagerTest, OldMeansOpenedLongAgoAndBetweenTwoCalls) {
  const SessionPtr old = sessions_.Open(Info("alice", "old"));
  const SessionPtr busy = sessions_.Open(Info("alice", "busy"));
  busy->CallBegan(clock_.WallNow(), true);
  clock_.Advance(2h);
  SessionInfo fresh = Info("alice", "fresh");
  fresh.created_at = clock_.WallNow();
  sessions_.Open(fresh);
  old->CallBegan(clock_.WallNow(), true);
  old->CallEnded(clock_.WallNow());

  const SessionManager::Swept swept = sessions_.Sweep(Ago(1h), Ago(90min));

  EXPECT_EQ(swept.old, std::vector<SessionPtr>{old});
  EXPECT_TRUE(swept.idle.empty());
  for (const auto& [session, used_at] : swept.used) EXPECT_NE(session, old) << "it is over";
  EXPECT_TRUE(sessions_.Sweep(Ago(1h)).old.empty()) << "without a limit none is old";
}

TEST_F(SessionManagerTest, IdleMeansNoOpenCallAndNoRecentOne) {
  const SessionPtr idle = sessions_.Open(Info("alice", "idle"));
  const SessionPtr busy = sessions_.Open(Info("alice", "busy"));
  busy->CallBegan(clock_.WallNow(), true);
  clock_.Advance(2h);
  const SessionPtr fresh = sessions_.Open(Info("alice", "fresh"));

  EXPECT_EQ(sessions_.Sweep(Ago(1h)).idle, std::vector<SessionPtr>{idle});

  busy->CallEnded(clock_.WallNow());
  EXPECT_EQ(busy->open_calls(), 0);
  EXPECT_EQ(busy->operations(), 1);
  EXPECT_EQ(fresh->state(), SessionState::kActive);
}

TEST_F(SessionManagerTest, SweepWritesActivityAndForgetsWhatEndedLongAgo) {
  const SessionPtr session = sessions_.Open(Info("alice", "s1"));
  clock_.Advance(1min);
  session->CallBegan(clock_.WallNow(), false);
  session->CallEnded(clock_.WallNow());
  sessions_.Sweep(WallTime::min());
  EXPECT_EQ(store_.ListSessions({})->front().last_activity_at, clock_.WallNow());

  sessions_.End(session, SessionState::kClosed, "closed");
  clock_.Advance(25h);
  sessions_.Sweep(WallTime::min());

  EXPECT_EQ(sessions_.Find(UserId("alice"), SessionId("s1")), nullptr);
}

TEST_F(SessionManagerTest, SweepTellsWhichSessionsHaveBeenInUseSinceThatWasNoted) {
  SessionInfo info = Info("alice", "s1");
  info.created_at = clock_.WallNow();
  const SessionPtr session = sessions_.Open(info);
  const WallTime never = WallTime::min();
  clock_.Advance(2h);
  EXPECT_TRUE(sessions_.Sweep(never, never, 1h).used.empty()) << "nobody has used it";

  session->CallBegan(clock_.WallNow(), true);
  clock_.Advance(1h);
  const auto busy = sessions_.Sweep(never, never, 1h).used;
  ASSERT_EQ(busy.size(), 1U);
  EXPECT_EQ(busy[0], std::pair(session, clock_.WallNow()));
  session->set_noted_use(clock_.WallNow());
  clock_.Advance(30min);
  session->CallEnded(clock_.WallNow());
  EXPECT_TRUE(sessions_.Sweep(never, never, 1h).used.empty()) << "that is noted well enough";
}

TEST_F(SessionManagerTest, ASessionThatIsUsedElsewhereIsNotIdle) {
  const SessionPtr session = sessions_.Open(Info("alice", "s1"));
  clock_.Advance(5h);
  ASSERT_EQ(sessions_.Sweep(Ago(4h)).idle.size(), 1U);

  session->set_used_elsewhere(Ago(1h));
  EXPECT_TRUE(sessions_.Sweep(Ago(4h)).idle.empty());
  clock_.Advance(4h);
  EXPECT_EQ(sessions_.Sweep(Ago(4h)).idle.size(), 1U);
}

TEST_F(SessionManagerTest, SweepHandsOutLostSessionsThatItForgets) {
  const SessionPtr lost = sessions_.Open(Info("alice", "lost"));
  lost->Answered();
  const SessionPtr closed = sessions_.Open(Info("alice", "closed"));
  closed->Answered();
  sessions_.End(lost, SessionState::kLost, "its engine is gone");
  sessions_.End(closed, SessionState::kClosed, "closed");
  EXPECT_TRUE(sessions_.Sweep(WallTime::min()).lost.empty()) << "it is still answered";

  clock_.Advance(25h);

  EXPECT_EQ(sessions_.Sweep(WallTime::min()).lost, std::vector<SessionPtr>{lost});
}

TEST_F(SessionManagerTest, CountsTheUseOfAnEngine) {
  sessions_.Open(Info("alice", "s1"))->CallBegan(clock_.WallNow(), true);
  sessions_.Open(Info("alice", "s2"));
  sessions_.Open(Info("bob", "s3", "engine-2"));

  const SessionManager::EngineUse use = sessions_.UseOf(EngineId("engine-1"));

  EXPECT_EQ(use.sessions, 2U);
  EXPECT_EQ(use.open_calls, 1);
  EXPECT_EQ(use.last_activity, clock_.WallNow());
}

TEST_F(SessionManagerTest, TheNextGatewayKnowsThemAgain) {
  sessions_.Open(Info("alice", "active"));
  sessions_.End(sessions_.Open(Info("alice", "lost")), SessionState::kLost, "killed");
  Metrics metrics;
  SessionManager next({}, clock_, store_, metrics);

  ASSERT_TRUE(next.Restore());

  const SessionPtr active = next.Find(UserId("alice"), SessionId("active"));
  ASSERT_NE(active, nullptr);
  EXPECT_EQ(active->state(), SessionState::kActive);
  EXPECT_EQ(active->info().engine, EngineId("engine-1"));
  const SessionPtr lost = next.Find(UserId("alice"), SessionId("lost"));
  ASSERT_NE(lost, nullptr);
  EXPECT_FALSE(lost->forgettable()) << "its client may well have had answers";
}

TEST_F(SessionManagerTest, AForgottenSessionIsForgottenByTheNextGatewayOfTheStoreToo) {
  const SessionPtr session = sessions_.Open(Info("alice", "s1"));
  sessions_.End(session, SessionState::kLost, "its engine is gone");
  sessions_.Forget(session);
  SessionManager next({}, clock_, store_, metrics_);

  ASSERT_TRUE(next.Restore());

  EXPECT_EQ(next.Find(UserId("alice"), SessionId("s1")), nullptr);
}

TEST_F(SessionManagerTest, RestoreSaysWhyTheStoreCannotBeRead) {
  store_.FailReads({Code::kInternal, "disk on fire"});

  const auto restored = sessions_.Restore();

  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().message, "disk on fire");
}

TEST_F(SessionManagerTest, ManyThreadsOpenAndEndTheSameSessions) {
  std::atomic<int> ended{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const std::string id = "s" + std::to_string(i);
        const SessionPtr session = sessions_.Open(Info("alice", id.c_str()));
        session->CallBegan(clock_.WallNow(), true);
        session->CallEnded(clock_.WallNow());
        if (sessions_.End(session, SessionState::kClosed, "done")) ++ended;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(ended, 200);
  EXPECT_EQ(sessions_.List().size(), 200U);
}

}  // namespace
}  // namespace foxfire::server
