#include "server/store/write_queue.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/store/store_records.h"

namespace foxfire::server {
namespace {

TEST(WriteQueueTest, DropsWhatIsAboveItsLimit) {
  WriteQueue queue(2);

  EXPECT_TRUE(queue.Add(MakeEvent("a")));
  EXPECT_TRUE(queue.Add(MakeEngine("1")));
  EXPECT_FALSE(queue.Add(MakeEvent("b")));
  EXPECT_FALSE(queue.Add(MakeOperation("a", "1")));

  EXPECT_EQ(queue.size(), 2U);
}

TEST(WriteQueueTest, TakesANewStateOfSomethingQueuedEvenWhenItIsFull) {
  WriteQueue queue(3);
  ASSERT_TRUE(queue.Add(MakeSession("a", "1")));
  ASSERT_TRUE(queue.Add(MakeEngine("1")));
  ASSERT_TRUE(queue.Add(MakeOperation("a", "1")));

  SessionRecord session = MakeSession("a", "1");
  session.operations = 99;
  EXPECT_TRUE(queue.Add(session));
  EXPECT_TRUE(queue.Add(MakeEngine("1")));
  EXPECT_TRUE(queue.Add(MakeOperation("a", "1")));
  EXPECT_FALSE(queue.Add(MakeSession("a", "2")));

  WriteBatch batch;
  queue.TakeInto(batch);
  ASSERT_EQ(batch.size(), 3U);
  EXPECT_EQ(batch.sessions.begin()->second.operations, 99);
}

TEST(WriteQueueTest, CountsWhatIsTakenUntilItIsDone) {
  WriteQueue queue(2);
  WriteBatch batch;
  queue.Add(MakeEvent("a"));
  queue.Add(MakeEvent("b"));

  queue.TakeInto(batch);
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_FALSE(queue.Add(MakeEvent("c")));

  queue.Done();
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_TRUE(queue.Add(MakeEvent("c")));
}

TEST(WriteQueueTest, AddsToABatchThatCouldNotBeWritten) {
  WriteQueue queue(10);
  WriteBatch batch;
  queue.Add(MakeEvent("first"));
  queue.Add(MakeSession("a", "1"));
  queue.TakeInto(batch);
  queue.Add(MakeEvent("second"));
  SessionRecord session = MakeSession("a", "1");
  session.state = "closed";
  queue.Add(session);
  queue.Add(MakeEngine("1"));
  queue.Add(MakeOperation("a", "1"));

  queue.TakeInto(batch);

  ASSERT_EQ(batch.events.size(), 2U);
  EXPECT_EQ(batch.events[0].user, "first");
  EXPECT_EQ(batch.events[1].user, "second");
  ASSERT_EQ(batch.sessions.size(), 1U);
  EXPECT_EQ(batch.sessions.begin()->second.state, "closed");
  EXPECT_EQ(batch.size(), 5U);
  EXPECT_EQ(queue.size(), 5U);
}

TEST(WriteBatchTest, TellsSessionsOfDifferentUsersApartWhateverTheirNames) {
  WriteBatch batch;

  batch.Add(MakeSession("ab", "c"), 10);
  batch.Add(MakeSession("a", "bc"), 10);
  batch.Add(MakeSession("", "abc"), 10);

  EXPECT_EQ(batch.sessions.size(), 3U);
}

}  // namespace
}  // namespace foxfire::server
