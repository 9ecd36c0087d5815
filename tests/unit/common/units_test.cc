#include "common/units.h"

#include <gtest/gtest.h>

namespace foxfire {
namespace {

using namespace std::chrono_literals;

TEST(DurationTextTest, ReadsAndWritesTheShortestSpelling) {
  struct Case {
    const char* text;
    Duration duration;
    const char* shortest;
  };
  for (const Case& c :
       {Case{"250ms", 250ms, "250ms"}, Case{"30s", 30s, "30s"}, Case{"90s", 90s, "90s"},
        Case{"60s", 60s, "1m"}, Case{"5m", 5min, "5m"}, Case{"120m", 2h, "2h"},
        Case{"24h", 24h, "1d"}, Case{"3650d", 24h * 3650, "3650d"}, Case{"0s", 0s, "0ms"},
        Case{"1500ms", 1500ms, "1500ms"}}) {
    const auto duration = ParseDuration(c.text);
    ASSERT_TRUE(duration) << c.text;
    EXPECT_EQ(*duration, c.duration) << c.text;
    EXPECT_EQ(FormatDuration(*duration), c.shortest) << c.text;
    EXPECT_EQ(ParseDuration(FormatDuration(*duration)).value(), c.duration);
  }
}

TEST(DurationTextTest, ForgetsWhatIsBelowAMillisecond) {
  EXPECT_EQ(FormatDuration(1s + 1ns), "1s");
  EXPECT_EQ(FormatDuration(999us), "0ms");
}

TEST(DurationTextTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "30", "s", "-1s", "+1s", " 1s", "1 s", "1s ", "1.5s", "1h30m", "1S",
                           "1us", "3651d", "99999999999999999999s", "18446744073709551615d"}) {
    const auto duration = ParseDuration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().code, Code::kInvalidArgument);
    EXPECT_NE(duration.error().message.find("is not a duration: write"), std::string::npos);
  }
}

TEST(SizeTextTest, ReadsAndWritesTheShortestSpelling) {
  struct Case {
    const char* text;
    uint64_t bytes;
    const char* shortest;
  };
  for (const Case& c :
       {Case{"0", 0, "0"}, Case{"512", 512, "512"}, Case{"64KiB", 65536, "64KiB"},
        Case{"1024KiB", 1 << 20, "1MiB"}, Case{"2GiB", 2ULL << 30, "2GiB"},
        Case{"1025", 1025, "1025"}, Case{"9007199254740992", 1ULL << 53, "8388608GiB"}}) {
    const auto bytes = ParseSize(c.text);
    ASSERT_TRUE(bytes) << c.text;
    EXPECT_EQ(*bytes, c.bytes);
    EXPECT_EQ(FormatSize(*bytes), c.shortest);
  }
}

TEST(SizeTextTest, RefusesWhatIsNoSize) {
  for (const char* text : {"", "KiB", "-1", "1KB", "1kib", "1 KiB", "1.5GiB", "9007199254740993",
                           "8388609GiB", "18446744073709551616", "18446744073709551615GiB"}) {
    const auto bytes = ParseSize(text);
    ASSERT_FALSE(bytes) << text;
    EXPECT_NE(bytes.error().message.find("is not a size: write"), std::string::npos);
  }
}

TEST(TimeTextTest, ReadsAndWritesUtc) {
  struct Case {
    const char* text;
    int64_t millis;
    const char* written;
  };
  for (const Case& c :
       {Case{"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"},
        Case{"2026-11-21T02:11:09.250Z", 1795227069250, "2026-11-21T02:11:09.250Z"},
        Case{"2026-11-21T02:11:09.2509999Z", 1795227069250, "2026-11-21T02:11:09.250Z"},
        Case{"2024-02-29T23:59:59.5Z", 1709251199500, "2024-02-29T23:59:59.500Z"},
        Case{"1969-12-31T23:59:59.999Z", -1, "1969-12-31T23:59:59.999Z"}}) {
    const auto time = ParseTime(c.text);
    ASSERT_TRUE(time) << c.text;
    EXPECT_EQ(ToUnixMillis(*time), c.millis) << c.text;
    EXPECT_EQ(FormatTime(*time), c.written);
    EXPECT_EQ(FromUnixMillis(c.millis), *time);
  }
}

TEST(TimeTextTest, RefusesWhatIsNoTime) {
  for (const std::string& text :
       {std::string(), std::string("now"), std::string("2026-11-21"),
        std::string("2026-11-21T02:11:09"), std::string("2026-11-21 02:11:09Z"),
        std::string("2026-11-21T02:11:09+01:00"), std::string("2026-11-21T02:11:09.Z"),
        std::string("2026-11-21T02:11:09.x1Z"), std::string("2026-11-21T02:11:09,5Z"),
        std::string("2026-13-01T00:00:00Z"), std::string("2026-02-30T00:00:00Z"),
        std::string("2026-1-01T00:00:00Z"), std::string(" 026-01-01T00:00:00Z"),
        std::string("2026-01-01T24:00:00Z"), std::string("2026-01-01T00:00:00Z\0Z", 22)}) {
    const auto time = ParseTime(text);
    ASSERT_FALSE(time) << text;
    EXPECT_NE(time.error().message.find("is not a time: write it as"), std::string::npos);
  }
}

TEST(TimeTextTest, MillisecondsAreRoundedDown) {
  EXPECT_EQ(ToUnixMillis(WallTime(std::chrono::microseconds(-1))), -1);
  EXPECT_EQ(ToUnixMillis(WallTime(std::chrono::microseconds(1999))), 1);
}

}  // namespace
}  // namespace foxfire
