#include "server/call/prestarts.h"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "server/engine/start_habits.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

constexpr Duration kPeriod = std::chrono::minutes(1);

}  // namespace

Prestarts::Prestarts(Duration lead, const Published<EngineKeyOptions>& keys,
                     const auth::TokenStore& tokens, EngineBroker& broker, EventStore& store,
                     Executor& thread, Metrics& metrics)
    : lead_(lead),
      keys_(keys),
      tokens_(tokens),
      broker_(broker),
      store_(store),
      thread_(thread),
      started_(metrics.AddCounter("foxfire_engine_prestarts_total",
                                  "Launches that began ahead of their users.")) {}

void Prestarts::Start() {
  broker_.AwaitSync([this] { thread_.Post([this] { Look(); }); });
}

void Prestarts::Look() {
  thread_.PostAfter(kPeriod, [this] { Look(); });
  const auto keys = keys_.Get();
  if (!HasPrestart(*keys)) return;
  const Clock& clock = thread_.clock();
  const auto windows = HabitWindows(clock.WallNow(), lead_);
  const auto starts = store_.ListSessionStarts(windows);
  if (!starts) {
    Log("prestart").warn("no engine is started ahead: {}", starts.error().message);
    return;
  }
  const SteadyTime now = clock.Now();
  std::erase_if(begun_, [now](const auto& begun) { return begun.second <= now; });
  std::vector<EngineDemand> demands;
  std::map<EngineKey, Habit> habits;
  for (const DueEngine& due : DueEngines(*starts, windows, lead_)) {
    if (begun_.count(due.key) > 0) continue;
    auto demand = DemandFor(*keys, due.key);
    if (!demand) continue;
    demands.push_back(*std::move(demand));
    habits[due.key] = {due.weeks, now + due.until + kHabitSpread};
  }
  if (demands.empty()) return;
  broker_.StartAhead(std::move(demands), [this, habits = std::move(habits)](const EngineKey& key) {
    Begun(key, habits.at(key));
  });
}

std::optional<EngineDemand> Prestarts::DemandFor(const EngineKeyOptions& keys,
                                                 const EngineKey& key) const {
  const auth::PrincipalPtr principal = tokens_.PrincipalOf(UserId(key.owner));
  if (principal == nullptr) return std::nullopt;
  EngineWish wish;
  wish.profile = key.profile;
  wish.subdomain = key.subdomain;
  // The client may have asked for the share level, or not.
  for (const std::string_view level : {std::string_view(), ShareLevelName(key.level)}) {
    wish.share_level = level;
    const auto choice = ChooseEngine(keys, *principal, "", wish);
    if (choice && choice->prestart && choice->key == key) return DemandOf(*choice);
  }
  return std::nullopt;
}

void Prestarts::Begun(const EngineKey& key, const Habit& habit) {
  started_.Increment();
  EventRecord event;
  event.time = thread_.clock().WallNow();
  event.type = event::kEnginePrestarted;
  event.user = key.owner;
  event.detail = fmt::format("sessions were opened at this time in {} of the last {} weeks key={}",
                             habit.weeks, kHabitWeeks, key.ToString());
  Log("prestart").info("an engine is started ahead: {}", event.detail);
  store_.Append(std::move(event));
  thread_.Post([this, key, over = habit.over] { begun_[key] = over; });
}

}  // namespace foxfire::server
