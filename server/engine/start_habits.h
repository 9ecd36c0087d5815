// Which engines are needed soon, as the sessions of past weeks tell (docs/engines.md, "Ahead of
// time"). Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "common/clock.h"
#include "common/engine_key.h"
#include "server/store/event_store.h"

namespace foxfire::server {

inline constexpr size_t kHabitWeeks = 4;     // how many weeks are looked at
inline constexpr size_t kHabitWeeksMin = 2;  // in how many of them the user must have come
// What began so much after the earliest session of a habit does not belong to it any more. With the
// default of prestart_lead it is what engine.idle_timeout leaves of an engine's life.
inline constexpr Duration kHabitSpread = std::chrono::minutes(20);

// An engine whose user is expected. A value type.
struct DueEngine {
  EngineKey key;
  size_t weeks = 0;  // in how many of the past weeks the user came
  Duration until{};  // the earliest time at which they did, from now; it is over kHabitSpread later

  bool operator==(const DueEngine&) const = default;
};

// Where to look at `now`: the time until `lead` and kHabitSpread later, in each of the past weeks,
// the last one first. Weeks are 168 hours, whatever clocks have been changed.
std::vector<TimeWindow> HabitWindows(WallTime now, Duration lead);

// The engines of share level user whose owner opened sessions in kHabitWeeksMin of the windows, not
// more than kHabitSpread apart and at the earliest within `lead` of a window's begin; the most
// urgent one first. `starts` is what the store says of `windows`; what cannot be read in it is left
// out.
std::vector<DueEngine> DueEngines(const std::vector<SessionStart>& starts,
                                  const std::vector<TimeWindow>& windows, Duration lead);

}  // namespace foxfire::server
