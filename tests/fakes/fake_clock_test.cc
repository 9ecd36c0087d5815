#include "tests/fakes/fake_clock.h"

#include <gtest/gtest.h>

#include "common/units.h"

namespace foxfire {
namespace {

using namespace std::chrono_literals;

TEST(FakeClockTest, StandsStillUntilAdvanced) {
  FakeClock clock;
  const SteadyTime start = clock.Now();

  EXPECT_EQ(clock.Now(), start);
  EXPECT_EQ(FormatTime(clock.WallNow()), "2026-01-01T00:00:00.000Z");
}

TEST(FakeClockTest, AdvancesBothTimesTogether) {
  FakeClock clock;
  const SteadyTime start = clock.Now();

  clock.Advance(90s);

  EXPECT_EQ(clock.Now() - start, 90s);
  EXPECT_EQ(FormatTime(clock.WallNow()), "2026-01-01T00:01:30.000Z");
}

}  // namespace
}  // namespace foxfire
