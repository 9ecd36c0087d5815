#include "server/admin/engine_usage.h"

#include <gtest/gtest.h>

#include <chrono>

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

const WallTime kStart(1000h);
const EngineId kEngine("engine-1");

SessionSummary SessionOf(const char* user, const char* id, const EngineKey& key,
                         SessionState state = SessionState::kActive) {
  SessionSummary session;
  session.info.user = UserId(user);
  session.info.id = SessionId(id);
  session.info.key = key;
  session.info.engine = kEngine;
  session.state = state;
  session.last_activity = kStart;
  return session;
}

EngineKey KeyOf(ShareLevel level, const char* owner) {
  return {level, owner, "default", "default"};
}

TEST(EngineUsageTest, CountsActiveSessionsAndTheirCalls) {
  const EngineKey key = KeyOf(ShareLevel::kUser, "alice");
  SessionSummary busy = SessionOf("alice", "1", key);
  busy.open_calls = 2;
  SessionSummary quiet = SessionOf("alice", "2", key);
  quiet.open_calls = 1;
  SessionSummary ended = SessionOf("alice", "3", key, SessionState::kClosed);
  ended.open_calls = 4;

  const EngineUsage usage({busy, quiet, ended});

  EXPECT_EQ(usage.Of(kEngine).sessions, 2U);
  EXPECT_EQ(usage.Of(kEngine).open_calls, 3);
  EXPECT_EQ(usage.Of(EngineId("another")).sessions, 0U);
}

TEST(EngineUsageTest, KnowsTheLastActivityOfEndedSessionsToo) {
  const EngineKey key = KeyOf(ShareLevel::kUser, "alice");
  SessionSummary ended = SessionOf("alice", "1", key, SessionState::kClosed);
  ended.last_activity = kStart + 5min;

  const EngineUsage usage({SessionOf("alice", "2", key), ended});

  EXPECT_EQ(usage.Of(kEngine).last_activity, kStart + 5min);
}

TEST(EngineUsageTest, EnginesOfLevelUserBelongToTheirUser) {
  const EngineUsage usage({});

  EXPECT_TRUE(usage.IsOwner(UserId("alice"), KeyOf(ShareLevel::kUser, "alice")));
  EXPECT_FALSE(usage.IsOwner(UserId("bob"), KeyOf(ShareLevel::kUser, "alice")));
}

TEST(EngineUsageTest, EnginesOfLevelConnectionBelongToTheUserOfTheirSession) {
  const EngineKey key = KeyOf(ShareLevel::kConnection, "session-1");
  const EngineUsage usage({SessionOf("alice", "session-1", key, SessionState::kClosed)});

  EXPECT_TRUE(usage.IsOwner(UserId("alice"), key));
  EXPECT_FALSE(usage.IsOwner(UserId("bob"), key));
  EXPECT_FALSE(usage.IsOwner(UserId("session-1"), key));
}

TEST(EngineUsageTest, SharedEnginesAreNobodys) {
  for (const ShareLevel level : {ShareLevel::kGroup, ShareLevel::kServer}) {
    const EngineKey key = KeyOf(level, "alice");
    const EngineUsage usage({SessionOf("alice", "1", key)});

    EXPECT_FALSE(usage.IsOwner(UserId("alice"), key));
  }
}

TEST(EngineUsageTest, AdministratorsSeeEverything) {
  auth::Principal admin;
  admin.user = UserId("root");
  auth::Principal alice;
  alice.user = UserId("alice");
  const EngineUsage usage({});
  admin.roles = {auth::kAdminRole};

  EXPECT_TRUE(usage.IsVisible(admin, KeyOf(ShareLevel::kServer, "foxfire")));
  EXPECT_FALSE(usage.IsVisible(alice, KeyOf(ShareLevel::kServer, "foxfire")));
  EXPECT_TRUE(usage.IsVisible(alice, KeyOf(ShareLevel::kUser, "alice")));
}

TEST(IdleTimeTest, CountsFromTheLastCallOrTheStart) {
  EngineUsage::Use use;
  EXPECT_EQ(IdleTime(use, kStart, kStart + 7min), 7min);

  use.last_activity = kStart + 5min;
  EXPECT_EQ(IdleTime(use, kStart, kStart + 7min), 2min);

  use.open_calls = 1;
  EXPECT_EQ(IdleTime(use, kStart, kStart + 7min), 0min);
}

TEST(IdleTimeTest, IsNeverNegative) { EXPECT_EQ(IdleTime({}, kStart + 1min, kStart), 0min); }

}  // namespace
}  // namespace foxfire::server
