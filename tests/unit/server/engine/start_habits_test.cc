#include "server/engine/start_habits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/units.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Duration kLead = 10min;

class StartHabitsTest : public testing::Test {
 protected:
  static EngineKey Key(const std::string& user) {
    return {ShareLevel::kUser, user, "default", "default"};
  }
  // So many weeks ago, so long after the time of day that it is now.
  void Came(const std::string& user, size_t weeks_ago, Duration later) {
    Came(user, Key(user).ToString(), weeks_ago, later);
  }
  void Came(const std::string& user, const std::string& key, size_t weeks_ago, Duration later) {
    const size_t window = weeks_ago - 1;
    starts_.push_back({user, key, window, windows_.at(window).begin + later});
  }
  std::vector<DueEngine> Due() const { return DueEngines(starts_, windows_, kLead); }

  const WallTime now_ = *ParseTime("2026-11-23T08:50:00Z");
  const std::vector<TimeWindow> windows_ = HabitWindows(now_, kLead);
  std::vector<SessionStart> starts_;
};

TEST_F(StartHabitsTest, LooksAtTheSameTimeOfTheSameWeekdayInFourWeeks) {
  std::vector<std::string> windows;
  for (const TimeWindow& window : windows_)
    windows.push_back(FormatTime(window.begin) + " " + FormatTime(window.end));

  EXPECT_THAT(windows, ElementsAre("2026-11-16T08:50:00.000Z 2026-11-16T09:20:00.000Z",
                                   "2026-11-09T08:50:00.000Z 2026-11-09T09:20:00.000Z",
                                   "2026-11-02T08:50:00.000Z 2026-11-02T09:20:00.000Z",
                                   "2026-10-26T08:50:00.000Z 2026-10-26T09:20:00.000Z"));
}

TEST_F(StartHabitsTest, TwoWeeksAreAHabitAndOneIsNone) {
  Came("ann", 1, 9min);
  Came("bob", 1, 9min);
  Came("bob", 4, 9min);

  EXPECT_THAT(Due(), ElementsAre(DueEngine{Key("bob"), 2, 9min}));
}

TEST_F(StartHabitsTest, TheEarliestMomentSaysWhenItIsDue) {
  Came("ann", 1, 15min);
  Came("ann", 2, 10min);  // not yet: that is all of the lead
  Came("bob", 1, 15min);
  Came("bob", 2, 10min - 1ms);
  Came("bob", 3, 29min);

  EXPECT_THAT(Due(), ElementsAre(DueEngine{Key("bob"), 3, 10min - 1ms}));
}

TEST_F(StartHabitsTest, MomentsThatAreFarApartAreNoHabit) {
  Came("ann", 1, 1min);
  Came("ann", 2, 21min + 1ms);
  Came("bob", 1, 1min);
  Came("bob", 2, 21min);

  EXPECT_THAT(Due(), ElementsAre(DueEngine{Key("bob"), 2, 1min}));
}

TEST_F(StartHabitsTest, WhatHappenedOnceBeforeAHabitDoesNotDelayIt) {
  Came("ann", 1, 1min);
  Came("ann", 2, 23min);
  Came("ann", 3, 25min);

  EXPECT_THAT(Due(), IsEmpty()) << "it begins in 23 minutes";
  EXPECT_THAT(DueEngines(starts_, windows_, 24min), ElementsAre(DueEngine{Key("ann"), 2, 23min}));
}

TEST_F(StartHabitsTest, TheMostUrgentOneComesFirst) {
  for (const size_t week : {1, 2}) {
    Came("ann", week, 3min);
    Came("bob", week, 1min);
    Came("carol", week, 2min);
  }

  EXPECT_THAT(Due(), ElementsAre(DueEngine{Key("bob"), 2, 1min}, DueEngine{Key("carol"), 2, 2min},
                                 DueEngine{Key("ann"), 2, 3min}));
}

TEST_F(StartHabitsTest, KeysOfOneUserAreHabitsOfTheirOwn) {
  EngineKey nightly = Key("ann");
  nightly.subdomain = "nightly";
  Came("ann", 1, 1min);
  Came("ann", nightly.ToString(), 2, 1min);
  Came("ann", nightly.ToString(), 3, 1min);

  EXPECT_THAT(Due(), ElementsAre(DueEngine{nightly, 2, 1min}));
}

TEST_F(StartHabitsTest, OnlyAUsersOwnEngineCounts) {
  for (const size_t week : {1, 2}) {
    Came("ann", "group:bi:default:default", week, 1min);
    Came("ann", "group:ann:default:default", week, 1min);  // which is called like its member
    Came("ann", "connection:ann%2Fsome-session:default:default", week, 1min);
    Came("ann", "server:foxfire:default:default", week, 1min);
    Came("ann", "user:bob:default:default", week, 1min);
    Came("ann", "no key", week, 1min);
  }

  EXPECT_THAT(Due(), IsEmpty());
}

}  // namespace
}  // namespace foxfire::server
