// The store used from many threads at once; says most under ThreadSanitizer.
#include <atomic>
#include <thread>

#include "tests/unit/server/store/store_fixture.h"

namespace foxfire::server {
namespace {

class StoreThreadsTest : public StoreTest {};

TEST_F(StoreThreadsTest, TakesRecordsFromManyThreadsWhileOthersRead) {
  constexpr int kThreads = 4;
  constexpr int kEvents = 200;
  options_.patience = std::chrono::seconds(60);
  const auto store = OpenStore();
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      EXPECT_TRUE(store->ListEvents({}).has_value());
      EXPECT_TRUE(store->Health().has_value());
      store->Sweep();
    }
  });

  std::vector<std::thread> callers;
  for (int caller = 0; caller < kThreads; ++caller) {
    callers.emplace_back([caller, &store] {
      for (int i = 0; i < kEvents; ++i) {
        store->Append(MakeEvent(std::to_string(caller), 1'000'000'000));
        SessionRecord session = MakeSession(std::to_string(caller), "1");
        session.operations = i;
        store->Save(session);
        if (i % 50 == 0) store->Flush();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  done = true;
  reader.join();
  store->Flush();

  EXPECT_EQ(store->VerifyEvents(), Result<int64_t>(kThreads * kEvents));
  const auto sessions = store->ListSessions({});
  ASSERT_EQ(sessions->size(), size_t{kThreads});
  for (const SessionRecord& session : *sessions) EXPECT_EQ(session.operations, kEvents - 1);
}

}  // namespace
}  // namespace foxfire::server
