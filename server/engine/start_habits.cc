#include "server/engine/start_habits.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <tuple>

namespace foxfire::server {
namespace {

constexpr Duration kWeek = std::chrono::hours(7 * 24);

// The first habit among the moments at which a user came, one a week.
std::optional<DueEngine> FirstHabit(const EngineKey& key, std::vector<Duration> moments) {
  std::sort(moments.begin(), moments.end());
  for (auto first = moments.begin(); first != moments.end(); ++first) {
    const auto end = std::upper_bound(first, moments.end(), *first + kHabitSpread);
    const auto weeks = static_cast<size_t>(end - first);
    if (weeks >= kHabitWeeksMin) return DueEngine{key, weeks, *first};
  }
  return std::nullopt;
}

}  // namespace

std::vector<TimeWindow> HabitWindows(WallTime now, Duration lead) {
  std::vector<TimeWindow> windows;
  for (size_t week = 1; week <= kHabitWeeks; ++week) {
    const WallTime begin = now - std::chrono::duration_cast<WallTime::duration>(week * kWeek);
    windows.push_back(
        {begin, begin + std::chrono::duration_cast<WallTime::duration>(lead + kHabitSpread)});
  }
  return windows;
}

std::vector<DueEngine> DueEngines(const std::vector<SessionStart>& starts,
                                  const std::vector<TimeWindow>& windows, Duration lead) {
  std::map<EngineKey, std::vector<Duration>> moments;
  for (const SessionStart& start : starts) {
    const auto key = EngineKey::Parse(start.engine_key);
    if (!key || key->level != ShareLevel::kUser || key->owner != start.user) continue;
    moments[*key].push_back(start.first - windows.at(start.window).begin);
  }
  std::vector<DueEngine> due;
  for (const auto& [key, of_key] : moments) {
    const auto habit = FirstHabit(key, of_key);
    if (habit && habit->until < lead) due.push_back(*habit);
  }
  std::sort(due.begin(), due.end(), [](const DueEngine& a, const DueEngine& b) {
    return std::tie(a.until, a.key) < std::tie(b.until, b.key);
  });
  return due;
}

}  // namespace foxfire::server
