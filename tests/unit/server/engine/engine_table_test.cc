#include "server/engine/engine_table.h"

#include <gtest/gtest.h>

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

const EngineKey kAlice{ShareLevel::kUser, "alice", "default", "default"};
const WallTime kDawn{std::chrono::seconds(1'000'000)};

EngineEntry& AddReady(EngineTable& table, const char* id, const EngineKey& key, WallTime started) {
  EngineEntry& entry = table.Add(EngineId(id));
  entry.record.key = key;
  entry.record.host = "127.0.0.1";
  entry.record.port = 4040;
  entry.record.started_at = started;
  entry.state = EngineState::kReady;
  entry.registered = true;
  return entry;
}

TEST(EngineTableTest, TheOldestReadyEngineOfAKeyTakesNewSessions) {
  EngineTable table;
  AddReady(table, "younger", kAlice, kDawn + 2s);
  AddReady(table, "older", kAlice, kDawn + 1s);
  AddReady(table, "oldest", kAlice, kDawn).state = EngineState::kStopping;

  EXPECT_EQ(table.FindReady(kAlice)->record.id, EngineId("older"));
  EXPECT_EQ(table.Snapshot(true)->ready.at(kAlice), EngineId("older"));
  EXPECT_EQ(table.FindReady({ShareLevel::kUser, "bob", "default", "default"}), nullptr);
}

TEST(EngineTableTest, ASnapshotShowsEveryEngineAndWhetherTheDirectoryWasRead) {
  EngineTable table;
  AddReady(table, "ready", kAlice, kDawn);
  table.Add(EngineId("launching"));

  const auto snapshot = table.Snapshot(false);

  EXPECT_FALSE(snapshot->synced);
  EXPECT_EQ(snapshot->engines.size(), 2U);
  EXPECT_EQ(snapshot->engines.at(EngineId("ready")).status.endpoint, "127.0.0.1:4040");
  EXPECT_EQ(snapshot->engines.at(EngineId("launching")).status.endpoint, "");
  EXPECT_EQ(snapshot->ready.size(), 1U);
}

TEST(EngineTableTest, RemembersTheDeadUntilTheirRegistrationsAreGone) {
  EngineTable table;
  AddReady(table, "registered", kAlice, kDawn);
  table.Add(EngineId("never registered"));

  EXPECT_TRUE(table.Remove(EngineId("registered")));
  EXPECT_TRUE(table.Remove(EngineId("never registered")));
  EXPECT_FALSE(table.Remove(EngineId("registered"))) << "it has been removed before";

  EXPECT_TRUE(table.IsDead(EngineId("registered")));
  EXPECT_FALSE(table.IsDead(EngineId("never registered")));
  table.ForgetDeadExcept(discovery::DirectoryView{});
  EXPECT_FALSE(table.IsDead(EngineId("registered")));
}

TEST(EngineTableTest, ARowCarriesAnEngineOverARestart) {
  EngineTable table;
  EngineEntry& entry = AddReady(table, "engine", kAlice, kDawn);
  entry.is_own = true;
  entry.record.pid = 4711;
  entry.record.application_id = "local-1";
  entry.record.spark_version = "4.2.1";

  const auto back = FromRow(ToRow(entry));

  ASSERT_TRUE(back);
  EXPECT_EQ(back->record.key, kAlice);
  EXPECT_EQ(back->record.host, "127.0.0.1");
  EXPECT_EQ(back->record.port, 4040);
  EXPECT_EQ(back->record.pid, 4711);
  EXPECT_EQ(back->record.application_id, "local-1");
  EXPECT_EQ(back->record.started_at, kDawn);
}

TEST(EngineTableTest, SoDoesOneThatHasNoEndpointYet) {
  EngineTable table;
  EngineEntry& entry = table.Add(EngineId("starting"));
  entry.record.key = kAlice;
  entry.is_own = true;
  entry.record.pid = 4711;

  const auto back = FromRow(ToRow(entry));

  ASSERT_TRUE(back);
  EXPECT_EQ(back->record.pid, 4711);
  EXPECT_EQ(back->record.port, 0);
}

TEST(EngineTableTest, ThePidOfAnotherGatewaysEngineIsNotKept) {
  EngineTable table;
  EngineEntry& entry = AddReady(table, "engine", kAlice, kDawn);
  entry.is_local = true;
  entry.record.pid = 4711;

  EXPECT_EQ(ToRow(entry).pid, 0);
}

TEST(EngineTableTest, RowsThatSayTooLittleAreIgnored) {
  EngineRow row;
  row.engine_id = "engine";
  row.key = kAlice.ToString();
  for (const char* endpoint : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:40x", "h:99999999"}) {
    row.endpoint = endpoint;
    EXPECT_FALSE(FromRow(row)) << endpoint;
  }
  row.endpoint = "127.0.0.1:4040";
  EXPECT_TRUE(FromRow(row));
  row.key = "no key";
  EXPECT_FALSE(FromRow(row));
}

}  // namespace
}  // namespace foxfire::server
