#include "cli/human.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "common/units.h"

namespace foxfire::cli {

std::string HumanDuration(Duration duration) {
  using namespace std::chrono_literals;
  static constexpr std::array<std::pair<char, int64_t>, 4> kUnits = {
      {{'d', 24 * 3600}, {'h', 3600}, {'m', 60}, {'s', 1}}};
  int64_t left = std::max<int64_t>(duration / 1s, 0);
  for (size_t i = 0; i < kUnits.size(); ++i) {
    const auto& [name, seconds] = kUnits[i];
    const int64_t count = left / seconds;
    if (count == 0) continue;
    left %= seconds;
    const int64_t rest = i + 1 < kUnits.size() ? left / kUnits[i + 1].second : 0;
    if (rest == 0) return fmt::format("{}{}", count, name);
    return fmt::format("{}{}{}{}", count, name, rest, kUnits[i + 1].first);
  }
  return "0s";
}

std::string HumanBytes(uint64_t bytes) {
  static constexpr std::array<const char*, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{}B", bytes);
  auto value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  // 1023.95 would be written as 1024.0.
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f}{}", value, kUnits[unit]);
}

std::string HumanTime(int64_t unix_millis) {
  const std::string time = FormatTime(FromUnixMillis(unix_millis));
  return time.substr(0, time.find('.')) + "Z";
}

std::string ShortId(const std::string& id) { return id.substr(0, 8); }

}  // namespace foxfire::cli
