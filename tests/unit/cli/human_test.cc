#include "cli/human.h"

#include <gtest/gtest.h>

#include <chrono>

namespace foxfire::cli {
namespace {

using namespace std::chrono_literals;

TEST(HumanTest, WritesTheTwoLargestUnitsOfADuration) {
  EXPECT_EQ(HumanDuration(-5s), "0s");
  EXPECT_EQ(HumanDuration(999ms), "0s");
  EXPECT_EQ(HumanDuration(45s), "45s");
  EXPECT_EQ(HumanDuration(12min + 3s), "12m3s");
  EXPECT_EQ(HumanDuration(12min), "12m");
  EXPECT_EQ(HumanDuration(3h + 12min + 9s), "3h12m");
  EXPECT_EQ(HumanDuration(3h + 9s), "3h");
  EXPECT_EQ(HumanDuration(52h), "2d4h");
}

TEST(HumanTest, WritesBytesInTheLargestUnit) {
  EXPECT_EQ(HumanBytes(0), "0B");
  EXPECT_EQ(HumanBytes(1023), "1023B");
  EXPECT_EQ(HumanBytes(1024), "1.0KiB");
  EXPECT_EQ(HumanBytes(1'503'238'553), "1.4GiB");
  EXPECT_EQ(HumanBytes((1ULL << 20) - 1), "1.0MiB");
  EXPECT_EQ(HumanBytes(5ULL << 50), "5120.0TiB");
}

TEST(HumanTest, WritesTimesToTheSecond) {
  EXPECT_EQ(HumanTime(1'795'262'400'250), "2026-11-21T12:00:00Z");
}

TEST(HumanTest, ShortensIds) {
  EXPECT_EQ(ShortId("3f2b8c1e-0000-4000-8000-000000000001"), "3f2b8c1e");
  EXPECT_EQ(ShortId(""), "");
}

}  // namespace
}  // namespace foxfire::cli
