// What every EventStore does: the one on SQLite and the one in memory that other tests use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/store/event_store.h"
#include "server/store/sqlite_event_store.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/in_memory_event_store.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/server/store/store_records.h"

namespace foxfire::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

enum class Kind { kInMemory, kSqlite };

class EventStoreContract : public testing::TestWithParam<Kind> {
 protected:
  EventStoreContract() {
    if (GetParam() == Kind::kInMemory) {
      store_ = std::make_unique<InMemoryEventStore>();
      return;
    }
    StoreOptions options;
    options.file = folder_ / "foxfire.db";
    auto store = SqliteEventStore::Open(options, clock_, metrics_);
    CHECK(store.has_value());
    store_ = *std::move(store);
  }

  // The users of the events that match.
  std::vector<std::string> UsersOf(const EventFilter& filter) {
    std::vector<std::string> users;
    const auto events = store_->ListEvents(filter);
    CHECK(events.has_value());
    for (const EventRecord& event : *events) users.push_back(event.user);
    return users;
  }
  std::vector<std::string> SessionsOf(const SessionFilter& filter) {
    std::vector<std::string> ids;
    const auto sessions = store_->ListSessions(filter);
    CHECK(sessions.has_value());
    for (const SessionRecord& session : *sessions) ids.push_back(session.session_id);
    return ids;
  }

  const TempFolder folder_;
  const FakeClock clock_;
  Metrics metrics_;
  std::unique_ptr<EventStore> store_;
};

TEST_P(EventStoreContract, IsEmptyAndWellAtFirst) {
  EXPECT_THAT(*store_->ListEvents({}), IsEmpty());
  EXPECT_THAT(*store_->ListSessions({}), IsEmpty());
  EXPECT_THAT(*store_->ListEngines(10), IsEmpty());
  EXPECT_TRUE(store_->Health().has_value());
}

TEST_P(EventStoreContract, NumbersEventsFromOneWithoutGaps) {
  for (int i = 0; i < 3; ++i) store_->Append(MakeEvent("alice"));
  store_->Flush();
  store_->Append(MakeEvent("alice"));
  store_->Flush();

  const auto events = store_->ListEvents({});

  ASSERT_TRUE(events.has_value());
  ASSERT_EQ(events->size(), 4U);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ((*events)[i].seq, static_cast<int64_t>(i) + 1);
}

TEST_P(EventStoreContract, ListsWhatWasAddedAMomentAgo) {
  for (int i = 0; i < 50; ++i) {
    store_->Append(MakeEvent("alice"));
    ASSERT_EQ(store_->ListEvents({})->size(), static_cast<size_t>(i) + 1);
  }
  SessionRecord session;
  session.session_id = "s1";
  store_->Save(session);
  EXPECT_THAT(SessionsOf({}), ElementsAre("s1"));
  EngineRow engine;
  engine.engine_id = "e1";
  store_->Save(engine);
  EXPECT_EQ(store_->ListEngines(10)->size(), 1U);
}

TEST_P(EventStoreContract, KeepsEveryFieldOfAnEvent) {
  EventRecord event = MakeEvent("zo\xC3\xAB; DROP TABLE events; --", 123);
  event.detail = std::string("a\0b\n\"c'", 7);
  store_->Append(event);
  store_->Flush();

  event.seq = 1;
  EXPECT_THAT(*store_->ListEvents({}), ElementsAre(event));
}

TEST_P(EventStoreContract, FiltersEventsByEachField) {
  EventRecord alice = MakeEvent("alice", 1000);
  EventRecord bob = MakeEvent("bob", 2000);
  bob.type = "session_closed";
  store_->Append(alice);
  store_->Append(bob);
  store_->Flush();

  EventFilter filter;
  filter.user = "bob";
  EXPECT_THAT(UsersOf(filter), ElementsAre("bob"));
  filter = {};
  filter.type = "session_opened";
  EXPECT_THAT(UsersOf(filter), ElementsAre("alice"));
  filter = {};
  filter.session_id = "session of bob";
  EXPECT_THAT(UsersOf(filter), ElementsAre("bob"));
  filter = {};
  filter.engine_id = "engine of alice";
  EXPECT_THAT(UsersOf(filter), ElementsAre("alice"));
  filter = {};
  filter.since = At(2000);
  EXPECT_THAT(UsersOf(filter), ElementsAre("bob"));
  filter.user = "alice";
  EXPECT_THAT(UsersOf(filter), IsEmpty());
}

TEST_P(EventStoreContract, AnswersTheNewestEventsOldestFirst) {
  for (const char* user : {"a", "b", "c", "d"}) store_->Append(MakeEvent(user));
  store_->Flush();

  EventFilter filter;
  filter.limit = 2;
  EXPECT_THAT(UsersOf(filter), ElementsAre("c", "d"));
  filter.limit = 0;
  EXPECT_THAT(UsersOf(filter), IsEmpty());
  filter.limit = SIZE_MAX;
  EXPECT_THAT(UsersOf(filter), ElementsAre("a", "b", "c", "d"));
}

TEST_P(EventStoreContract, ReplacesASessionByUserAndId) {
  SessionRecord session = MakeSession("alice", "1");
  store_->Save(session);
  store_->Save(MakeSession("bob", "1"));
  store_->Flush();
  session.state = "closed";
  session.operations = 12;
  session.end_reason = "closed by its client";
  store_->Save(session);
  store_->Flush();

  SessionFilter filter;
  filter.user = "alice";
  EXPECT_THAT(*store_->ListSessions(filter), ElementsAre(session));
  EXPECT_EQ(store_->ListSessions({})->size(), 2U);
}

TEST_P(EventStoreContract, KeepsTheLastOfSeveralSavesBeforeAFlush) {
  SessionRecord session = MakeSession("alice", "1");
  for (int i = 0; i < 10; ++i) {
    session.operations = i;
    store_->Save(session);
  }
  store_->Flush();

  EXPECT_THAT(*store_->ListSessions({}), ElementsAre(session));
}

TEST_P(EventStoreContract, FiltersSessionsAndAnswersTheNewestOldestFirst) {
  store_->Save(MakeSession("alice", "newest", 3000));
  store_->Save(MakeSession("alice", "oldest", 1000));
  SessionRecord closed = MakeSession("bob", "middle", 2000);
  closed.state = "closed";
  store_->Save(closed);
  store_->Flush();

  EXPECT_THAT(SessionsOf({}), ElementsAre("oldest", "middle", "newest"));
  SessionFilter filter;
  filter.limit = 2;
  EXPECT_THAT(SessionsOf(filter), ElementsAre("middle", "newest"));
  filter = {};
  filter.state = "closed";
  EXPECT_THAT(SessionsOf(filter), ElementsAre("middle"));
  filter.user = "alice";
  EXPECT_THAT(SessionsOf(filter), IsEmpty());
}

TEST_P(EventStoreContract, KeepsEnginesAndReplacesThemById) {
  EngineRow first = MakeEngine("1", 1000);
  const EngineRow second = MakeEngine("2", 2000);
  store_->Save(second);
  store_->Save(first);
  store_->Flush();
  first.state = "dead";
  first.ended_at = At(5000);
  first.end_reason = "exit status 1";
  store_->Save(first);
  store_->Flush();

  EXPECT_THAT(*store_->ListEngines(10), ElementsAre(first, second));
  EXPECT_THAT(*store_->ListEngines(1), ElementsAre(second));
}

TEST_P(EventStoreContract, TellsWhoFirstOpenedASessionInEachWindow) {
  SessionRecord nightly = MakeSession("alice", "nightly", 1500);
  nightly.engine_key = "user:alice:default:nightly";
  store_->Save(MakeSession("bob", "first moment", 1000));
  store_->Save(MakeSession("alice", "second", 1400));
  store_->Save(MakeSession("alice", "first", 1200));
  store_->Save(nightly);
  store_->Save(MakeSession("carol", "too late", 2000));
  store_->Save(MakeSession("carol", "too early", 999));
  store_->Save(MakeSession("bob", "another day", 5000));

  const auto starts = store_->ListSessionStarts({{At(1000), At(2000)}, {At(5000), At(6000)}});

  ASSERT_TRUE(starts) << starts.error().message;
  EXPECT_THAT(*starts, ElementsAre(SessionStart{"alice", "user:alice:default:default", 0, At(1200)},
                                   SessionStart{"alice", "user:alice:default:nightly", 0, At(1500)},
                                   SessionStart{"bob", "user:bob:default:default", 0, At(1000)},
                                   SessionStart{"bob", "user:bob:default:default", 1, At(5000)}));
  EXPECT_THAT(*store_->ListSessionStarts({}), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Stores, EventStoreContract,
                         testing::Values(Kind::kInMemory, Kind::kSqlite),
                         [](const testing::TestParamInfo<Kind>& kind) {
                           return kind.param == Kind::kInMemory ? "InMemory" : "Sqlite";
                         });

}  // namespace
}  // namespace foxfire::server
