#include "server/store/event_chain.h"

#include <gmock/gmock.h>

#include <string>

#include "common/encoding.h"
#include "tests/unit/server/store/store_fixture.h"

namespace foxfire::server {
namespace {

using testing::HasSubstr;

TEST(EventHashTest, IsWhatTheFirstReleaseWrote) {
  // Changing what is hashed would make every chain that was ever written look forged.
  EXPECT_EQ(HexEncode(EventHash({}, 1, MakeEvent("alice"))),
            "51f4611ed4ea415b66b24a8efa81f62a993ba60cf95679e13ec809cdd853f263");
}

TEST(EventHashTest, CoversEveryField) {
  const EventRecord event = MakeEvent("alice");
  std::vector<EventRecord> changed(8, event);
  changed[0].time = At(1);
  changed[1].type += "x";
  changed[2].user += "x";
  changed[3].session_id += "x";
  changed[4].engine_id += "x";
  changed[5].operation_id += "x";
  changed[6].address += "x";
  changed[7].detail += "x";
  const Sha256Digest hash = EventHash({}, 1, event);

  for (size_t i = 0; i < changed.size(); ++i) EXPECT_NE(EventHash({}, 1, changed[i]), hash) << i;
  EXPECT_NE(EventHash({}, 2, event), hash);
  EXPECT_NE(EventHash(hash, 1, event), hash);
}

TEST(EventHashTest, TellsWhereOneFieldEndsAndTheNextBegins) {
  EventRecord one = MakeEvent("alice");
  EventRecord other = one;
  one.user = "ab";
  one.session_id = "c";
  other.user = "a";
  other.session_id = "bc";

  EXPECT_NE(EventHash({}, 1, one), EventHash({}, 1, other));
}

class EventChainTest : public StoreTest {
 protected:
  // In a database of its own.
  std::unique_ptr<SqliteEventStore> StoreOfFiveEvents(const std::string& name) {
    options_.file = folder_ / name;
    auto store = OpenStore();
    for (int i = 0; i < 5; ++i) store->Append(MakeEvent("alice", i));
    store->Flush();
    return store;
  }
};

TEST_F(EventChainTest, HoldsForWhatTheStoreWrote) {
  EXPECT_EQ(StoreOfFiveEvents("a.db")->VerifyEvents(), Result<int64_t>(5));
}

TEST_F(EventChainTest, HoldsWithoutAnyEvent) {
  EXPECT_EQ(OpenStore()->VerifyEvents(), Result<int64_t>(0));
}

TEST_F(EventChainTest, ShowsWhatWasDoneByHand) {
  struct Case {
    const char* sql;
    const char* misfit;
  };
  const Case cases[] = {
      {"UPDATE events SET detail = 'nothing' WHERE seq = 1", "event 1"},
      {"UPDATE events SET time_ms = time_ms + 1 WHERE seq = 5", "event 5"},
      {"UPDATE events SET hash = zeroblob(32) WHERE seq = 2", "event 2"},
      {"UPDATE events SET hash = x'00' WHERE seq = 2", "event 2"},
      {"DELETE FROM events WHERE seq = 1", "event 2"},
      {"DELETE FROM events WHERE seq = 3", "event 4"},
      {"DELETE FROM events WHERE seq = 3; UPDATE events SET seq = seq - 1 WHERE seq > 3",
       "event 3"},
      {"UPDATE events SET seq = 100 WHERE seq = 5", "event 100"},
      {"UPDATE chain_start SET seq = 1", "event 1"},
      {"UPDATE chain_start SET hash = randomblob(32)", "event 1"},
  };
  int number = 0;
  for (const Case& one : cases) {
    const auto store = StoreOfFiveEvents(std::to_string(++number) + ".db");
    Run(one.sql);

    const auto verified = store->VerifyEvents();

    ASSERT_FALSE(verified.has_value()) << one.sql;
    EXPECT_EQ(verified.error().code, Code::kDataLoss);
    EXPECT_THAT(verified.error().message,
                HasSubstr(std::string(": ") + one.misfit + " does not fit the one before it ("))
        << one.sql;
  }
}

}  // namespace
}  // namespace foxfire::server
