#include "common/units.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <ctime>
#include <optional>

namespace foxfire {
namespace {

using namespace std::chrono_literals;

struct TimeUnit {
  std::string_view name;
  Duration length;
};
constexpr std::array<TimeUnit, 5> kTimeUnits = {
    {{"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}, {"d", 24h}}};
constexpr Duration kLongest = 24h * 3650;

struct SizeUnit {
  std::string_view name;
  uint64_t bytes;
};
constexpr std::array<SizeUnit, 4> kSizeUnits = {
    {{"", 1}, {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}}};

// Splits "30s" into 30 and "s"; false if there is no number in front.
bool SplitNumber(std::string_view text, uint64_t& number, std::string_view& unit) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return false;
  unit = text.substr(static_cast<size_t>(end - text.data()));
  return true;
}

// strptime(3) takes blanks, single digits and days that a month does not have.
std::optional<WallTime> ReadTime(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  if (text.size() <= kShape.size() || text.back() != 'Z') return std::nullopt;
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    if (kShape[i] == '0' ? !digit : text[i] != kShape[i]) return std::nullopt;
  }
  tm parts{};
  const std::string whole(text.substr(0, kShape.size()));
  if (strptime(whole.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return std::nullopt;
  const int day = parts.tm_mday;
  // What the clock's 64 bits of nanoseconds hold, and more than anybody means.
  if (parts.tm_year + 1900 < 1900 || parts.tm_year + 1900 > 2200) return std::nullopt;
  const int64_t seconds = timegm(&parts);
  const std::string_view fraction = text.substr(kShape.size(), text.size() - kShape.size() - 1);
  if (parts.tm_mday != day || fraction == ".") return std::nullopt;
  if (!fraction.empty() && fraction.front() != '.') return std::nullopt;
  int64_t millis = 0;
  int64_t scale = 100;
  for (size_t i = 1; i < fraction.size(); ++i, scale /= 10) {
    if (std::isdigit(static_cast<unsigned char>(fraction[i])) == 0) return std::nullopt;
    millis += (fraction[i] - '0') * scale;
  }
  return FromUnixMillis(seconds * 1000 + millis);
}

}  // namespace

Result<Duration> ParseDuration(std::string_view text) {
  uint64_t number = 0;
  std::string_view unit;
  if (SplitNumber(text, number, unit)) {
    for (const TimeUnit& known : kTimeUnits) {
      if (known.name != unit) continue;
      if (number > static_cast<uint64_t>(kLongest / known.length)) break;
      return known.length * static_cast<int64_t>(number);
    }
  }
  return MakeError(
      Code::kInvalidArgument,
      fmt::format("\"{}\" is not a duration: write a number and ms, s, m, h or d, such as \"30m\"",
                  text));
}

std::string FormatDuration(Duration duration) {
  duration = std::chrono::duration_cast<std::chrono::milliseconds>(duration);
  for (auto unit = kTimeUnits.rbegin(); unit != kTimeUnits.rend(); ++unit) {
    if (duration >= unit->length && duration % unit->length == Duration::zero())
      return fmt::format("{}{}", duration / unit->length, unit->name);
  }
  return fmt::format("{}ms", duration / 1ms);
}

Result<uint64_t> ParseSize(std::string_view text) {
  uint64_t number = 0;
  std::string_view unit;
  if (SplitNumber(text, number, unit)) {
    for (const SizeUnit& known : kSizeUnits) {
      if (known.name == unit && number <= (1ULL << 53) / known.bytes) return number * known.bytes;
    }
  }
  return MakeError(
      Code::kInvalidArgument,
      fmt::format("\"{}\" is not a size: write a number and KiB, MiB or GiB, such as \"128MiB\"",
                  text));
}

std::string FormatSize(uint64_t bytes) {
  for (auto unit = kSizeUnits.rbegin(); unit != kSizeUnits.rend(); ++unit) {
    if (bytes >= unit->bytes && bytes % unit->bytes == 0)
      return fmt::format("{}{}", bytes / unit->bytes, unit->name);
  }
  return fmt::format("{}", bytes);
}

std::string FormatTime(WallTime time) {
  const int64_t millis = ToUnixMillis(time);
  const auto seconds = static_cast<time_t>(millis >= 0 ? millis / 1000 : (millis - 999) / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     millis - static_cast<int64_t>(seconds) * 1000);
}

Result<WallTime> ParseTime(std::string_view text) {
  if (const auto time = ReadTime(text)) return *time;
  return MakeError(Code::kInvalidArgument,
                   fmt::format("\"{}\" is not a time: write it as 2026-11-21T02:11:09Z", text));
}

int64_t ToUnixMillis(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime FromUnixMillis(int64_t millis) { return WallTime(std::chrono::milliseconds(millis)); }

}  // namespace foxfire
