#include "server/engine/warm_spares.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/log.h"
#include "common/units.h"
#include "server/engine/backoff.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

constexpr Duration kFirstPause = std::chrono::seconds(5);
constexpr Duration kLongestPause = std::chrono::minutes(5);

}  // namespace

WarmSpares::WarmSpares(const EngineOptions& options, launcher::EngineLauncher& launcher,
                       SecretOf secret_of, EventStore& store, Executor& core, Metrics& metrics,
                       std::function<bool()> may_start, std::function<void()> on_ready)
    : options_(options),
      launcher_(launcher),
      secret_of_(std::move(secret_of)),
      store_(store),
      core_(core),
      may_start_(std::move(may_start)),
      on_ready_(std::move(on_ready)),
      ready_(metrics.AddGauge("foxfire_engine_spares_ready", "Warm spares that can be bound.")),
      taken_(metrics.AddCounter("foxfire_engine_spares_taken_total",
                                "Launches of profiles with spares, by whether one was ready.",
                                {{"found", "ready"}})),
      missed_(metrics.AddCounter("foxfire_engine_spares_taken_total",
                                 "Launches of profiles with spares, by whether one was ready.",
                                 {{"found", "none"}})),
      failed_(metrics.AddCounter("foxfire_engine_spares_failed_total",
                                 "Spares that ended before they had an owner.")),
      wanted_(options.warm_spares) {}

void WarmSpares::SetWanted(std::map<std::string, size_t> wanted) {
  wanted_ = std::move(wanted);
  // One that is wanted again later may have been mended.
  std::erase_if(pauses_, [this](const auto& pause) { return wanted_.count(pause.first) == 0; });
  std::vector<EngineId> too_many;
  std::map<std::string, size_t> seen;
  for (const Entry& spare : spares_) {
    const auto found = wanted_.find(spare.profile);
    const size_t most = found == wanted_.end() ? 0 : found->second;
    if (++seen[spare.profile] > most) too_many.push_back(spare.id);
  }
  for (const EngineId& id : too_many) End(id, "the configuration wants fewer spares");
  Refill();
}

size_t WarmSpares::CountOf(const std::string& profile) const {
  return static_cast<size_t>(
      std::count_if(spares_.begin(), spares_.end(),
                    [&profile](const Entry& spare) { return spare.profile == profile; }));
}

void WarmSpares::Refill() {
  if (is_closed_ || !may_start_()) return;
  const bool one_warms_up =
      std::any_of(spares_.begin(), spares_.end(), [](const Entry& spare) { return !spare.ready; });
  if (one_warms_up) return;
  for (const auto& [profile, wanted] : wanted_) {
    if (CountOf(profile) >= wanted) continue;
    const auto pause = pauses_.find(profile);
    if (pause != pauses_.end() && core_.clock().Now() < pause->second.until) continue;
    return Start(profile);
  }
}

void WarmSpares::Start(const std::string& profile) {
  const EngineId id(NewUuid());
  Entry spare{id, profile, false, 0, core_.clock().WallNow(), 0};
  spare.timer = core_.PostAfter(options_.launch_timeout, [this, id] {
    const auto late = Find(id);
    if (late == spares_.end()) return;
    Kill(id);
    Failed(Remove(late), fmt::format("not ready after {} (engine.launch_timeout)",
                                     FormatDuration(options_.launch_timeout)));
  });
  spares_.push_back(spare);
  launcher_.LaunchSpare(
      {id, profile, secret_of_(id)},
      [this, id](Result<int64_t> pid) {
        core_.Post([this, id, pid = std::move(pid)] { Started(id, pid); });
      },
      [this, id] { core_.Post([this, id] { Ready(id); }); });
}

void WarmSpares::Started(const EngineId& id, const Result<int64_t>& pid) {
  const auto spare = Find(id);
  if (spare == spares_.end()) {
    // It was given up before there was a process to end.
    if (pid) Kill(id);
    return;
  }
  if (pid) {
    spare->pid = *pid;
    return;
  }
  Failed(Remove(spare), pid.error().message);
}

void WarmSpares::Ready(const EngineId& id) {
  const auto spare = Find(id);
  if (spare == spares_.end() || spare->ready) return;
  spare->ready = true;
  pauses_.erase(spare->profile);
  core_.Cancel(spare->timer);
  spare->timer = core_.PostAfter(options_.spare_max_age,
                                 [this, id] { End(id, "it is old (engine.spare_max_age)"); });
  ready_.Increment();
  Note(event::kSpareReady, *spare, fmt::format("pid={}", spare->pid));
  on_ready_();
  Refill();
}

size_t WarmSpares::CountReady(const std::string& profile) const {
  return static_cast<size_t>(std::count_if(
      spares_.begin(), spares_.end(),
      [&profile](const Entry& spare) { return spare.ready && spare.profile == profile; }));
}

std::optional<WarmSpares::Spare> WarmSpares::Take(const std::string& profile) {
  const auto wanted = wanted_.find(profile);
  if (wanted == wanted_.end() || wanted->second == 0) return std::nullopt;
  const auto found = std::find_if(spares_.begin(), spares_.end(), [&profile](const Entry& spare) {
    return spare.ready && spare.profile == profile;
  });
  (found == spares_.end() ? missed_ : taken_).Increment();
  if (found == spares_.end()) return std::nullopt;
  const Entry taken = Remove(found);
  return Spare{taken.id, taken.pid};
}

bool WarmSpares::ProcessExited(const launcher::EngineExit& exit) {
  const auto found = Find(exit.id);
  if (found == spares_.end()) return false;
  Failed(Remove(found), exit.how);
  return true;
}

void WarmSpares::Failed(const Entry& spare, const std::string& why) {
  failed_.Increment();
  Log("broker").warn("a warm spare failed profile={} engine={}: {}", spare.profile, spare.id.str(),
                     why);
  Note(event::kSpareEnded, spare, why);
  Pause& pause = pauses_[spare.profile];
  pause.until = core_.clock().Now() + PauseAfter(++pause.failures, kFirstPause, kLongestPause);
  core_.PostAt(pause.until, [this] { Refill(); });
  Refill();  // other profiles do not wait for that
}

void WarmSpares::End(const EngineId& id, const std::string& why) {
  const auto found = Find(id);
  if (found == spares_.end()) return;
  const Entry spare = Remove(found);
  Note(event::kSpareEnded, spare, why);
  Kill(id);
  Refill();
}

// NOT_FOUND: it has no process yet; Started() ends it then.
void WarmSpares::Kill(const EngineId& id) {
  if (const auto killed = launcher_.Kill(id); !killed && killed.error().code != Code::kNotFound)
    Log("broker").error("ending a warm spare: {} engine={}", killed.error().message, id.str());
}

std::vector<SpareStatus> WarmSpares::List() const {
  std::vector<SpareStatus> list;
  for (const Entry& spare : spares_) {
    list.push_back(
        {spare.id, spare.profile, spare.ready ? "ready" : "warming", spare.pid, spare.since});
  }
  return list;
}

void WarmSpares::Close() {
  is_closed_ = true;
  while (!spares_.empty()) End(EngineId(spares_.back().id), "this gateway stops");
}

std::vector<WarmSpares::Entry>::iterator WarmSpares::Find(const EngineId& id) {
  return std::find_if(spares_.begin(), spares_.end(),
                      [&id](const Entry& spare) { return spare.id == id; });
}

WarmSpares::Entry WarmSpares::Remove(std::vector<Entry>::iterator found) {
  Entry spare = std::move(*found);
  spares_.erase(found);
  core_.Cancel(spare.timer);
  if (spare.ready) ready_.Decrement();
  return spare;
}

void WarmSpares::Note(const char* type, const Entry& spare, const std::string& detail) {
  EventRecord event;
  event.time = core_.clock().WallNow();
  event.type = type;
  event.engine_id = spare.id.str();
  event.detail = fmt::format("{} profile={}", detail, spare.profile);
  store_.Append(std::move(event));
}

}  // namespace foxfire::server
