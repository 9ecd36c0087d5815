// What SqliteEventStore does beyond the contract of every EventStore.
#include "server/store/sqlite_event_store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <optional>

#include "tests/unit/server/store/store_fixture.h"

namespace foxfire::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SqliteEventStoreTest : public StoreTest {};

TEST_F(SqliteEventStoreTest, KeepsEverythingOverARestart) {
  const SessionRecord session = MakeSession("alice", "1");
  const EngineRow engine = MakeEngine("1");
  {
    const auto store = OpenStore();
    store->Append(MakeEvent("alice"));
    store->Save(session);
    store->Save(engine);
  }  // without a Flush: the end is one

  const auto store = OpenStore();
  store->Append(MakeEvent("bob"));
  store->Flush();

  const auto events = store->ListEvents({});
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ((*events)[0].seq, 1);
  EXPECT_EQ((*events)[1].seq, 2);
  EXPECT_THAT(*store->ListSessions({}), ElementsAre(session));
  EXPECT_THAT(*store->ListEngines(10), ElementsAre(engine));
  EXPECT_EQ(store->VerifyEvents(), Result<int64_t>(2));
}

TEST_F(SqliteEventStoreTest, KeepsOperationsAndReplacesThemByUserSessionAndId) {
  const auto store = OpenStore();
  OperationRow operation = MakeOperation("alice", "1");
  store->Save(operation);
  store->Save(MakeOperation("bob", "1"));
  store->Flush();
  EXPECT_THAT(Query("SELECT ended_at_ms IS NULL FROM operations"), ElementsAre("1", "1"));

  operation.ended_at = At(250);
  operation.status = 13;
  store->Save(operation);
  store->Flush();

  EXPECT_THAT(Query("SELECT user || '|' || session_id || '|' || operation_id || '|' || engine_id "
                    "|| '|' || started_at_ms || '|' || ended_at_ms || '|' || status || '|' || "
                    "address FROM operations WHERE user = 'alice'"),
              ElementsAre("alice|session of alice|1|engine of alice|1767225600000|1767225600250|13|"
                          "127.0.0.1:5001"));
  EXPECT_THAT(Query("SELECT count(*) FROM operations"), ElementsAre("2"));
}

TEST_F(SqliteEventStoreTest, CanBeReadByTheShellWhileItWrites) {
  const auto store = OpenStore();
  store->Append(MakeEvent("alice", 250));
  store->Flush();

  EXPECT_THAT(Query("SELECT time || ' ' || type || ' ' || user FROM events_readable"),
              ElementsAre("2026-01-01T00:00:00.250Z session_opened alice"));
}

TEST_F(SqliteEventStoreTest, WritesTimesInTheViewAsTheyAreForEveryMillisecond) {
  const auto store = OpenStore();
  for (int64_t millis = 0; millis < 1000; ++millis) store->Append(MakeEvent("alice", millis));
  store->Flush();

  const auto times = Query("SELECT time FROM events_readable ORDER BY seq");

  ASSERT_EQ(times.size(), 1000U);
  for (int64_t millis = 0; millis < 1000; ++millis)
    EXPECT_EQ(times[static_cast<size_t>(millis)], FormatTime(At(millis)));
}

TEST_F(SqliteEventStoreTest, ReadsWhileTheShellHoldsTheFile) {
  const auto store = OpenStore();
  store->Append(MakeEvent("alice"));
  store->Flush();
  SQLite::Database shell = Shell();
  shell.exec("BEGIN IMMEDIATE");

  EXPECT_EQ(store->ListEvents({})->size(), 1U);
}

TEST_F(SqliteEventStoreTest, KeepsItsFilesToItsOwnUser) {
  const mode_t before = umask(0);
  const auto store = OpenStore();
  store->Append(MakeEvent("alice"));
  store->Flush();
  umask(before);

  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat info {};
    ASSERT_EQ(stat((options_.file.string() + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_F(SqliteEventStoreTest, TakesRightsFromAFileThatOthersCouldRead) {
  OpenStore().reset();
  ASSERT_EQ(chmod(options_.file.c_str(), 0644), 0);

  const auto store = OpenStore();

  struct stat info {};
  ASSERT_EQ(stat(options_.file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(SqliteEventStoreTest, MakesTheFolder) {
  options_.file = folder_ / "a/b/foxfire.db";

  EXPECT_NE(OpenStore(), nullptr);
}

TEST_F(SqliteEventStoreTest, CountsWhatItWrites) {
  const auto store = OpenStore();
  for (int i = 0; i < 3; ++i) store->Append(MakeEvent("alice"));
  store->Save(MakeEngine("1"));
  store->Flush();

  const std::string text = metrics_.Render();

  EXPECT_THAT(text, HasSubstr("foxfire_store_written_total 4"));
  EXPECT_THAT(text, HasSubstr("foxfire_store_queued_records 0"));
  EXPECT_THAT(text, HasSubstr("foxfire_store_dropped_total 0"));
  EXPECT_THAT(text, HasSubstr("foxfire_store_write_errors_total 0"));
  EXPECT_THAT(text, HasSubstr("foxfire_store_batch_seconds_count "));
}

TEST_F(SqliteEventStoreTest, SweepsWhatIsOlderThanTheRetention) {
  const auto store = OpenStore();
  store->Append(MakeEvent("old"));
  clock_.Advance(options_.retention);
  EventRecord event = MakeEvent("new");
  event.time = clock_.WallNow();
  store->Append(event);
  store->Flush();
  clock_.Advance(std::chrono::milliseconds(1));

  store->Sweep();
  store->Flush();

  const auto events = store->ListEvents({});
  ASSERT_EQ(events->size(), 1U);
  EXPECT_EQ(events->front().user, "new");
  EXPECT_EQ(store->VerifyEvents(), Result<int64_t>(2));
}

TEST_F(SqliteEventStoreTest, SaysWhenAnEventWasChangedByHand) {
  const auto store = OpenStore();
  for (int i = 0; i < 3; ++i) store->Append(MakeEvent("alice"));
  store->Flush();
  Run("UPDATE events SET user = 'bob' WHERE seq = 2");

  const auto verified = store->VerifyEvents();

  ASSERT_FALSE(verified.has_value());
  EXPECT_EQ(verified.error().code, Code::kDataLoss);
  EXPECT_THAT(verified.error().message, HasSubstr("event 2 does not fit the one before it (1)"));
}

TEST_F(SqliteEventStoreTest, SaysWhenATableIsMissing) {
  const auto store = OpenStore();
  Run("DROP TABLE engines");

  const auto engines = store->ListEngines(10);

  ASSERT_FALSE(engines.has_value());
  EXPECT_THAT(engines.error().message,
              testing::StartsWith("store " + options_.file.string() + ": reading engines: "));
}

}  // namespace
}  // namespace foxfire::server
