#include "server/store/retention.h"

#include <gmock/gmock.h>

#include <string>

#include "server/store/event_chain.h"
#include "tests/unit/server/store/store_fixture.h"

namespace foxfire::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kMany = 1000;

class RetentionTest : public StoreTest {
 protected:
  int64_t Delete(const Retention& retention) {
    store_->Flush();
    SQLite::Database shell = Shell();
    return DeleteOld(shell, retention);
  }
  std::vector<std::string> Seqs() const { return Query("SELECT seq FROM events ORDER BY seq"); }

  const std::unique_ptr<SqliteEventStore> store_ = OpenStore();
};

TEST_F(RetentionTest, DeletesEventsByAgeAndLeavesAChainThatHolds) {
  for (int64_t i = 0; i < 5; ++i) store_->Append(MakeEvent("alice", i));

  EXPECT_EQ(Delete({At(3), kMany}), 3);

  EXPECT_THAT(Seqs(), ElementsAre("4", "5"));
  EXPECT_EQ(store_->VerifyEvents(), Result<int64_t>(5));
  EXPECT_EQ(Delete({At(3), kMany}), 0);
}

TEST_F(RetentionTest, GoesOnNumberingWhenEveryEventIsGone) {
  for (int64_t i = 0; i < 3; ++i) store_->Append(MakeEvent("alice", i));

  EXPECT_EQ(Delete({At(100), kMany}), 3);
  EXPECT_THAT(Seqs(), IsEmpty());
  EXPECT_EQ(store_->VerifyEvents(), Result<int64_t>(3));

  store_->Append(MakeEvent("alice", 200));
  store_->Flush();
  EXPECT_THAT(Seqs(), ElementsAre("4"));
  EXPECT_EQ(store_->VerifyEvents(), Result<int64_t>(4));
}

TEST_F(RetentionTest, KeepsNewestEventsUpToALimit) {
  for (int64_t i = 0; i < 5; ++i) store_->Append(MakeEvent("alice", i));

  EXPECT_EQ(Delete({At(0), 2}), 3);

  EXPECT_THAT(Seqs(), ElementsAre("4", "5"));
  EXPECT_EQ(store_->VerifyEvents(), Result<int64_t>(5));
}

TEST_F(RetentionTest, KeepsAnOldEventBehindOneThatStays) {
  store_->Append(MakeEvent("alice", 100));
  store_->Append(MakeEvent("alice", 1));  // the clock was set back

  EXPECT_EQ(Delete({At(50), kMany}), 0);

  EXPECT_EQ(store_->VerifyEvents(), Result<int64_t>(2));
}

TEST_F(RetentionTest, FindsNothingToDeleteInAnEmptyDatabase) { EXPECT_EQ(Delete({At(100), 1}), 0); }

TEST_F(RetentionTest, DeletesSessionsThatEndedLongAgo) {
  for (const char* state : {"active", "closed", "lost"}) {
    SessionRecord session = MakeSession("alice", state, 0);
    session.state = state;
    store_->Save(session);
  }
  SessionRecord recent = MakeSession("alice", "recent", 0);
  recent.state = "closed";
  recent.last_activity_at = At(100);
  store_->Save(recent);

  EXPECT_EQ(Delete({At(100), kMany}), 2);

  EXPECT_THAT(Query("SELECT session_id FROM sessions ORDER BY 1"), ElementsAre("active", "recent"));
}

TEST_F(RetentionTest, KeepsTheNewestEndedSessionsUpToALimit) {
  for (int64_t i = 0; i < 5; ++i) {
    SessionRecord session = MakeSession("alice", std::to_string(i), i);
    session.state = "closed";
    store_->Save(session);
  }
  store_->Save(MakeSession("alice", "active", 0));

  EXPECT_EQ(Delete({At(0), 2}), 3);

  EXPECT_THAT(Query("SELECT session_id FROM sessions ORDER BY 1"), ElementsAre("3", "4", "active"));
}

TEST_F(RetentionTest, DeletesEnginesThatEndedLongAgo) {
  EngineRow running = MakeEngine("running", 0);
  EngineRow ended = MakeEngine("ended", 0);
  ended.ended_at = At(99);
  EngineRow recent = MakeEngine("recent", 0);
  recent.ended_at = At(100);
  for (const EngineRow& engine : {running, ended, recent}) store_->Save(engine);

  EXPECT_EQ(Delete({At(100), kMany}), 1);

  EXPECT_THAT(Query("SELECT engine_id FROM engines ORDER BY 1"), ElementsAre("recent", "running"));
}

TEST_F(RetentionTest, DeletesOldOperationsAlsoThoseWhoseEndNobodySaw) {
  OperationRow ended = MakeOperation("alice", "ended", 0);
  ended.ended_at = At(99);
  OperationRow recent = MakeOperation("alice", "recent", 0);
  recent.ended_at = At(100);
  const OperationRow forgotten = MakeOperation("alice", "forgotten", 0);
  const OperationRow running = MakeOperation("alice", "running", 100);
  for (const OperationRow& operation : {ended, recent, forgotten, running}) store_->Save(operation);

  EXPECT_EQ(Delete({At(100), kMany}), 2);

  EXPECT_THAT(Query("SELECT operation_id FROM operations ORDER BY 1"),
              ElementsAre("recent", "running"));
}

TEST_F(RetentionTest, KeepsTheNewestOperationsUpToALimit) {
  for (int64_t i = 0; i < 5; ++i) store_->Save(MakeOperation("alice", std::to_string(i), i));

  EXPECT_EQ(Delete({At(0), 2}), 3);

  EXPECT_THAT(Query("SELECT operation_id FROM operations ORDER BY 1"), ElementsAre("3", "4"));
}

}  // namespace
}  // namespace foxfire::server
