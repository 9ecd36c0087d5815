#include "server/store/refusal_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/in_memory_event_store.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class RefusalLogTest : public testing::Test {
 protected:
  void Write(size_t times, std::string_view reason = "unknown",
             const std::string& address = "10.0.0.1:50000") {
    for (size_t i = 0; i < times; ++i) log_.Write(reason, address);
  }
  size_t written() const { return store_.events().size(); }

  FakeClock clock_;
  InMemoryEventStore store_;
  RefusalLog log_{store_, clock_};
};

TEST_F(RefusalLogTest, SaysWhoAndWhy) {
  log_.Write("revoked", "10.0.0.1:50000", " (admin API)");

  ASSERT_EQ(written(), 1U);
  const EventRecord event = store_.events()[0];
  EXPECT_EQ(event.type, "auth_refused");
  EXPECT_EQ(event.address, "10.0.0.1:50000");
  EXPECT_EQ(event.detail, "revoked (admin API)");
  EXPECT_EQ(event.time, clock_.WallNow());
}

TEST_F(RefusalLogTest, AFloodIsCounted) {
  Write(RefusalLog::kEachMinute + 1000);
  EXPECT_EQ(written(), RefusalLog::kEachMinute);

  clock_.Advance(1min);
  Write(1);

  ASSERT_EQ(written(), RefusalLog::kEachMinute + 1);
  EXPECT_EQ(store_.events().back().detail, "unknown, 1000 more before");
}

TEST_F(RefusalLogTest, AFloodHidesNobodyElse) {
  Write(1000);

  Write(1, "unknown", "10.0.0.2:50000");
  Write(1, "revoked");

  EXPECT_EQ(written(), RefusalLog::kEachMinute + 2);
}

TEST_F(RefusalLogTest, AnotherPortIsTheSameHost) {
  for (int port = 1; port <= 100; ++port) Write(1, "unknown", "[::1]:" + std::to_string(port));

  EXPECT_EQ(written(), RefusalLog::kEachMinute);
}

TEST_F(RefusalLogTest, ManyHostsCostNoMoreThanSoMany) {
  for (size_t i = 0; i < 3 * RefusalLog::kHosts; ++i) {
    Write(1, "unknown", "host" + std::to_string(i) + ":1");
  }
  EXPECT_EQ(written(), RefusalLog::kHosts + RefusalLog::kEachMinute);

  clock_.Advance(2min);
  Write(1, "unknown", "newcomer:1");

  EXPECT_EQ(store_.events().back().address, "newcomer:1");
}

}  // namespace
}  // namespace foxfire::server
