// Durations, sizes and times as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/result.h"

namespace foxfire {

// "250ms", "30s", "5m", "4h", "30d"; one number and one unit, no sign, at most 10 years.
Result<Duration> ParseDuration(std::string_view text);
// The shortest of these spellings that loses nothing above a millisecond: "90s", "2h".
std::string FormatDuration(Duration duration);

// "512", "64KiB", "128MiB", "2GiB"; bytes, at most 2^53.
Result<uint64_t> ParseSize(std::string_view text);
std::string FormatSize(uint64_t bytes);

// RFC 3339 in UTC with milliseconds: "2026-11-21T02:11:09.250Z".
std::string FormatTime(WallTime time);
// The same with or without a fraction; "Z" only.
Result<WallTime> ParseTime(std::string_view text);

// Milliseconds since the epoch, the form that SQLite and the admin API carry.
int64_t ToUnixMillis(WallTime time);
WallTime FromUnixMillis(int64_t millis);

}  // namespace foxfire
