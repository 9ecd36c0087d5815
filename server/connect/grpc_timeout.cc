#include "server/connect/grpc_timeout.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::pair<char, Duration>, 6> kUnits = {
    {{'n', 1ns}, {'u', 1us}, {'m', 1ms}, {'S', 1s}, {'M', 1min}, {'H', 1h}}};
constexpr int64_t kMostDigits = 8;
constexpr int64_t kLargest = 99999999;
constexpr Duration kLongest = 24h * 36500;

}  // namespace

std::optional<Duration> ParseGrpcTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > kMostDigits + 1) return std::nullopt;
  int64_t value = 0;
  const char* const end = text.data() + text.size() - 1;
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < 0) return std::nullopt;
  for (const auto& [unit, length] : kUnits) {
    if (unit == text.back()) return value > kLongest / length ? kLongest : length * value;
  }
  return std::nullopt;
}

std::string FormatGrpcTimeout(Duration timeout) {
  timeout = std::max<Duration>(timeout, 1ns);
  for (const auto& [unit, length] : kUnits) {
    const int64_t value = timeout / length + (timeout % length > 0ns ? 1 : 0);
    if (value <= kLargest) return std::to_string(value) + unit;
  }
  return "99999999H";
}

}  // namespace foxfire::server
