#include "server/admin/messages.h"

#include <gtest/gtest.h>

#include <chrono>

#include "common/units.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

const WallTime kStart(500000h);

TEST(MessagesTest, SaysAllThatIsKnownOfAnEngine) {
  EngineStatus engine;
  engine.id = EngineId("engine-1");
  engine.key = {ShareLevel::kUser, "alice", "etl", "nightly"};
  engine.state = EngineState::kReady;
  engine.endpoint = "127.0.0.1:4040";
  engine.pid = 42;
  engine.application_id = "local-1";
  engine.spark_version = "4.2.1";
  engine.started_at = kStart;
  engine.rss_bytes = 1024;

  const pb::Engine message = ToMessage(engine, {2, 0, kStart + 1min}, kStart + 3min);

  EXPECT_EQ(message.key(), "user:alice:etl:nightly");
  EXPECT_EQ(message.owner(), "alice");
  EXPECT_EQ(message.share_level(), "user");
  EXPECT_EQ(message.profile(), "etl");
  EXPECT_EQ(message.subdomain(), "nightly");
  EXPECT_EQ(message.state(), "ready");
  EXPECT_EQ(message.endpoint(), "127.0.0.1:4040");
  EXPECT_EQ(message.pid(), 42);
  EXPECT_EQ(message.sessions(), 2);
  EXPECT_EQ(message.started_at_ms(), ToUnixMillis(kStart));
  EXPECT_EQ(message.idle_ms(), 120'000);
  EXPECT_EQ(message.rss_bytes(), 1024U);
}

TEST(MessagesTest, LeavesOutWhatIsNotKnownOfAnEngine) {
  const pb::Engine message = ToMessage(EngineStatus(), {}, kStart);

  EXPECT_FALSE(message.has_endpoint());
  EXPECT_FALSE(message.has_pid());
  EXPECT_FALSE(message.has_application_id());
  EXPECT_FALSE(message.has_spark_version());
  EXPECT_FALSE(message.has_started_at_ms());
  EXPECT_FALSE(message.has_idle_ms());
  EXPECT_FALSE(message.has_rss_bytes());
}

TEST(MessagesTest, ALaunchingEngineIsNotIdle) {
  EngineStatus engine;
  engine.started_at = kStart;

  EXPECT_FALSE(ToMessage(engine, {}, kStart + 1min).has_idle_ms());
}

TEST(MessagesTest, WhatClientsNameThemselvesCannotSpoilTheAnswer) {
  SessionSummary session;
  session.info.client = "evil\xFF\xC3";
  session.info.id = SessionId("\x80");
  pb::ListSessionsResponse response;
  *response.add_sessions() = ToMessage(session);

  pb::ListSessionsResponse read;
  ASSERT_TRUE(read.ParseFromString(response.SerializeAsString()));

  EXPECT_EQ(read.sessions(0).client(), "evil\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(MessagesTest, StoredAndLiveSessionsLookTheSame) {
  SessionSummary live;
  live.info = {UserId("alice"), SessionId("s"), {}, EngineId("e"), kStart, "client", "address"};
  live.state = SessionState::kLost;
  live.last_activity = kStart + 1min;
  live.operations = 3;
  live.end_reason = "why";
  const SessionRecord stored = {"s",      "alice", "e",           live.info.key.ToString(),
                                "lost",   kStart,  kStart + 1min, 3,
                                "client", "why"};

  EXPECT_EQ(ToMessage(live).SerializeAsString(), ToMessage(stored).SerializeAsString());
}

}  // namespace
}  // namespace foxfire::server
