// When the disk does not take what is written.
#include <gmock/gmock.h>

#include <thread>

#include "tests/support/captured_log.h"
#include "tests/unit/server/store/store_fixture.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class StoreHealthTest : public StoreTest {};

TEST_F(StoreHealthTest, KeepsWhatCannotBeWrittenAndWritesItLater) {
  const auto store = OpenStore();
  SQLite::Database shell = Shell();
  shell.exec("BEGIN IMMEDIATE");
  const CapturedLog log;

  store->Append(MakeEvent("alice"));
  store->Flush();
  store->Append(MakeEvent("bob"));
  store->Flush();

  ASSERT_FALSE(store->Health().has_value());
  EXPECT_EQ(store->Health().error().code, Code::kUnavailable);
  EXPECT_THAT(store->Health().error().message,
              testing::StartsWith("store " + options_.file.string() +
                                  ": writing: database is locked: end the process that holds it"));
  EXPECT_EQ(log.Count("database is locked"), 1U);
  EXPECT_THAT(metrics_.Render(), HasSubstr("foxfire_store_queued_records 2"));

  shell.exec("COMMIT");
  store->Flush();

  EXPECT_TRUE(store->Health().has_value());
  EXPECT_EQ(log.Count("writing again"), 1U);
  const auto events = store->ListEvents({});
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ((*events)[0].user, "alice");
  EXPECT_EQ((*events)[1].seq, 2);
  EXPECT_EQ(store->VerifyEvents(), Result<int64_t>(2));
}

TEST_F(StoreHealthTest, TriesAgainByItself) {
  options_.retry_delay = 1ms;
  const auto store = OpenStore();
  SQLite::Database shell = Shell();
  shell.exec("BEGIN IMMEDIATE");
  store->Append(MakeEvent("alice"));
  store->Flush();
  ASSERT_FALSE(store->Health().has_value());

  shell.exec("COMMIT");

  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!store->Health() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(store->Health().has_value());
  EXPECT_EQ(store->ListEvents({})->size(), 1U);
}

TEST_F(StoreHealthTest, AReadDoesNotWaitForAFileThatCannotBeWritten) {
  options_.patience = 1h;  // the writer waits for the shell
  const auto store = OpenStore();
  SQLite::Database shell = Shell();
  shell.exec("BEGIN IMMEDIATE");
  store->Append(MakeEvent("alice"));

  EXPECT_EQ(store->ListEvents({})->size(), 0U);

  shell.exec("COMMIT");
  store->Flush();
  EXPECT_EQ(store->ListEvents({})->size(), 1U);
}

TEST_F(StoreHealthTest, DropsWhatTheQueueCannotHoldAndSaysSoOnceAMinute) {
  options_.queue_max = 2;
  options_.patience = 60s;  // the writer waits for the shell
  const auto store = OpenStore();
  SQLite::Database shell = Shell();
  shell.exec("BEGIN IMMEDIATE");
  const CapturedLog log;

  for (int i = 0; i < 5; ++i) store->Append(MakeEvent("alice"));

  ASSERT_FALSE(store->Health().has_value());
  EXPECT_EQ(store->Health().error().code, Code::kResourceExhausted);
  EXPECT_EQ(store->Health().error().message,
            "store " + options_.file.string() +
                ": its queue of 2 records is full, 3 are lost: use a faster disk or a larger "
                "store.queue");
  EXPECT_EQ(log.Count("is full, new ones are lost"), 1U);
  clock_.Advance(1min);
  store->Append(MakeEvent("alice"));
  EXPECT_EQ(log.Count("is full, new ones are lost"), 2U);
  EXPECT_THAT(metrics_.Render(), HasSubstr("foxfire_store_dropped_total 4"));

  shell.exec("COMMIT");
  store->Flush();

  EXPECT_TRUE(store->Health().has_value());
  EXPECT_EQ(store->ListEvents({})->size(), 2U);
  EXPECT_EQ(store->VerifyEvents(), Result<int64_t>(2));
}

TEST_F(StoreHealthTest, SurvivesAFullDiskAndGoesOnWhenThereIsRoomAgain) {
  options_.size_max = 400 << 10;
  const auto store = OpenStore();
  int64_t appended = 0;
  while (store->Health()) {
    ASSERT_LT(appended, 1000);
    EventRecord event = MakeEvent("alice");
    event.time = clock_.WallNow();
    event.detail = std::string(10'000, 'x');
    store->Append(event);
    ++appended;
    store->Flush();
  }
  EXPECT_EQ(store->Health().error().code, Code::kResourceExhausted);
  EXPECT_THAT(
      store->Health().error().message,
      HasSubstr("database or disk is full: free space on the disk of " + folder_.path().string()));
  EXPECT_EQ(store->ListEvents({})->size(), static_cast<size_t>(appended) - 1);

  clock_.Advance(options_.retention + 1ms);
  store->Sweep();
  store->Flush();

  EXPECT_TRUE(store->Health().has_value());
  const auto events = store->ListEvents({});
  ASSERT_EQ(events->size(), 1U);
  EXPECT_EQ(events->front().seq, appended);
  EXPECT_EQ(store->VerifyEvents(), Result<int64_t>(appended));
}

TEST_F(StoreHealthTest, SaysWhenTheFileIsTakenAway) {
  const auto store = OpenStore();
  std::filesystem::rename(options_.file, folder_ / "elsewhere.db");

  store->Append(MakeEvent("alice"));
  store->Flush();

  ASSERT_FALSE(store->Health().has_value());
  EXPECT_EQ(store->Health().error().message,
            "store " + options_.file.string() +
                ": it was moved or removed while foxfired uses it: put it back, or restart "
                "foxfired");
  std::filesystem::rename(folder_ / "elsewhere.db", options_.file);
  store->Flush();
  EXPECT_TRUE(store->Health().has_value());
}

TEST_F(StoreHealthTest, ShowsASweepThatFailed) {
  const auto store = OpenStore();
  SQLite::Database shell = Shell();
  shell.exec("BEGIN IMMEDIATE");

  store->Sweep();
  store->Flush();
  EXPECT_THAT(store->Health().error().message, HasSubstr("deleting what is old: "));

  shell.exec("COMMIT");
  store->Sweep();
  store->Flush();
  EXPECT_TRUE(store->Health().has_value());
}

TEST_F(StoreHealthTest, SaysHowMuchIsLostWhenItEndsInTrouble) {
  auto store = OpenStore();
  SQLite::Database shell = Shell();
  shell.exec("BEGIN IMMEDIATE");
  const CapturedLog log;
  store->Append(MakeEvent("alice"));
  store->Save(MakeEngine("1"));

  store.reset();

  EXPECT_EQ(log.Count("2 records are lost"), 1U);
}

}  // namespace
}  // namespace foxfire::server
