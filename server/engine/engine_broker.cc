#include "server/engine/engine_broker.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "common/log.h"
#include "server/engine/backoff.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

// How long callers wait for the directory's first reading before a launch is tried without it (the
// launch itself then waits for ZooKeeper, and says so when its time is up).
constexpr Duration kSyncPatience = std::chrono::seconds(10);

// A port is closed moments before its process is reaped, which tells more.
constexpr Duration kReapPatience = std::chrono::seconds(2);

// Who stops in order closes the port first and then stops Spark. A process that is still there so
// long after is ended by force.
constexpr Duration kEndPatience = std::chrono::minutes(1);

// A hung engine that could not be ended is tried again after pauses that double.
constexpr Duration kFirstKillPause = std::chrono::minutes(1);
constexpr Duration kLongestKillPause = std::chrono::hours(1);

constexpr const char* kWell = "ok";  // EngineStatus::health

// An id leads to an engine's secret and sessions, so another key or process must not take it over.
// What is known only from a launch or from the database has no endpoint yet, or no start.
bool IsSameEngine(const discovery::EngineRecord& known, const discovery::EngineRecord& record) {
  if (known.key != record.key) return false;
  const bool has_moved = known.host != record.host || known.port != record.port;
  return known.port == 0 || !has_moved;
}

}  // namespace

EngineBroker::EngineBroker(EngineOptions options, EngineSecrets secrets,
                           const EngineBrokerParts& parts)
    : options_(std::move(options)),
      secrets_(std::move(secrets)),
      directory_(parts.directory),
      launcher_(parts.launcher),
      sessions_(parts.sessions),
      store_(parts.store),
      core_(parts.core),
      launches_(
          options_, parts.directory, parts.launcher, secrets_.of_launched, table_, parts.store,
          parts.core, parts.metrics, [this] { Publish(); }, [this] { DirectoryChanged(); }),
      kills_(options_, parts.directory, parts.launcher, parts.core,
             [this](const KillOutcome& outcome) { NotFound(outcome); }),
      prober_(options_.probes, parts.probes, parts.core, parts.metrics,
              [this](const ProbeResult& result) { Probed(result); }),
      snapshot_(std::make_shared<EngineSnapshot>()) {
  for (const EngineState state : kEngineStates) {
    by_state_[state] =
        &parts.metrics.AddGauge("foxfire_engines", "Engines that this gateway knows, by state.",
                                {{"state", std::string(EngineStateName(state))}});
  }
}

Result<void> EngineBroker::Start() {
  ASSIGN_OR_RETURN(const std::vector<EngineRow> rows, store_.ListEngines(10000));
  directory_.OnChange([this] { core_.Post([this] { DirectoryChanged(); }); });
  launcher_.OnExit([this](launcher::EngineExit exit) {
    core_.Post([this, exit = std::move(exit)] { ProcessExited(exit); });
  });
  sessions_.OnEnd([this](const SessionInfo& info, SessionState state) {
    // One that looks idle here may be in use at another gateway.
    if (info.key.level != ShareLevel::kConnection || state != SessionState::kClosed) return;
    core_.PostAfter(options_.connection_linger, [this, id = info.engine] { EndUnused(id); });
  });
  core_.Post([this, rows] {
    for (const EngineRow& row : rows) TakeOver(row);
    Publish();
    DirectoryChanged();
  });
  core_.PostAfter(kSyncPatience, [this] { Settle(); });
  return {};
}

void EngineBroker::TakeOver(const EngineRow& row) {
  if (row.ended_at || row.pid == 0) return;
  auto entry = FromRow(row);
  if (!entry) return;
  // It may run without being registered, so its sessions reach it before ZooKeeper answers.
  entry->state = EngineState::kStopping;
  entry->is_local = true;
  entry->is_own = true;
  entry->secret = secrets_.of_launched(entry->record.id);
  const auto pid = entry->record.pid;
  const EngineId id = entry->record.id;
  table_.Add(id) = std::move(*entry);
  launcher_.Adopt(id, pid);
  if (row.state != EngineStateName(EngineState::kLaunching)) return;
  // Its launch ended with the gateway that began it; it may still register, but not hang for ever.
  core_.PostAfter(options_.launch_timeout, [this, id] {
    const EngineEntry* const late = table_.Find(id);
    if (late == nullptr || late->record.port != 0) return;  // or it has registered
    Log("broker").warn("an engine hangs at its start and is ended engine={}", id.str());
    const auto killed = launcher_.Kill(id);
    if (!killed && killed.error().code != Code::kNotFound)
      Log("broker").error("{}", killed.error().message);
  });
}

EngineBroker::Lookup EngineBroker::FindEngine(const EngineId& id) const {
  const EngineSnapshot& snapshot = snapshot_.Current();
  const auto found = snapshot.engines.find(id);
  if (found != snapshot.engines.end() && found->second.takes_calls()) {
    return {Presence::kLive, found->second.live};
  }
  return {snapshot.synced ? Presence::kGone : Presence::kUnknown, {}};
}

EngineBroker::Lookup EngineBroker::FindFor(const EngineKey& key) const {
  const EngineSnapshot& snapshot = snapshot_.Current();
  const auto found = snapshot.ready.find(key);
  if (found != snapshot.ready.end()) {
    return {Presence::kLive, snapshot.engines.at(found->second).live};
  }
  return {snapshot.synced ? Presence::kGone : Presence::kUnknown, {}};
}

bool EngineBroker::HasEnded(const EngineId& id) const {
  const auto& engines = snapshot_.Current().engines;
  const auto found = engines.find(id);
  // The node of one that an operator has registered stays.
  const bool is_down = found != engines.end() && found->second.status.state == EngineState::kDead;
  return is_down || table_.IsDead(id);
}

LiveEnginePtr EngineBroker::FindOnly(const EngineKey& key) const {
  const EngineSnapshot& snapshot = snapshot_.Current();
  LiveEnginePtr only;
  for (const auto& [id, engine] : snapshot.engines) {
    if (engine.status.key != key || !engine.takes_calls()) continue;
    if (only != nullptr) return nullptr;
    only = engine.live;
  }
  return snapshot.synced ? only : nullptr;
}

void EngineBroker::Acquire(const EngineDemand& demand, Waiter waiter, Over over) {
  core_.Post([this, demand, waiter = std::move(waiter), over = std::move(over)] {
    auto acquire = [this, demand, waiter, over] {
      if (const LiveEnginePtr engine = Choose(demand)) return waiter(engine);
      launches_.Acquire(demand, waiter, over);
    };
    // What is not read yet cannot be missing: first see whether the engine runs already.
    if (settled_ || table_.FindReady(demand.key) != nullptr) return acquire();
    sync_waiters_.push_back(std::move(acquire));
  });
}

void EngineBroker::StartAhead(std::vector<EngineDemand> demands,
                              std::function<void(const EngineKey&)> begun) {
  core_.Post([this, demands = std::move(demands), begun = std::move(begun)] {
    // A launch that waits for ZooKeeper in vain would be a failed one for its user.
    if (!synced_ || directory_.View()->stale) return;
    for (const EngineDemand& demand : demands) {
      if (launches_.StartAhead(demand, [begun, key = demand.key] { begun(key); })) return;
    }
  });
}

LiveEnginePtr EngineBroker::Choose(const EngineDemand& demand) {
  const EngineEntry* chosen = table_.FindReady(demand.key);
  if (chosen == nullptr) return nullptr;
  const bool is_registered = chosen->record.is_registered();
  // Of engines that are no pool, new sessions gather on the oldest, so that the others may end.
  if (demand.pool_size > 1 || is_registered) {
    size_t have = 0;
    int64_t least = 0;
    for (const EngineEntry* const entry : table_.ReadyOf(demand.key)) {
      const int64_t load = LoadOf(*entry);
      if (have == 0 || load < least) {
        chosen = entry;
        least = load;
      }
      ++have;
    }
    if (!is_registered && least >= demand.pool_load && have < demand.pool_size)
      launches_.Grow(demand);
  }
  return std::make_shared<const LiveEngine>(ToLive(*chosen));
}

// Engines that do not report their load are judged by what this gateway knows.
int64_t EngineBroker::LoadOf(const EngineEntry& entry) const {
  if (entry.record.sessions < 0)
    return static_cast<int64_t>(sessions_.ActiveOn(entry.record.id)) + entry.opening;
  return entry.record.sessions + std::max<int64_t>(entry.record.operations, 0) + entry.assigned;
}

void EngineBroker::NoteNewSession(const EngineId& id) {
  EngineEntry* const entry = table_.Find(id);
  if (entry == nullptr) return;
  ++entry->assigned;
  ++entry->opening;
}

void EngineBroker::NoteSessionOpened(const EngineId& id, bool is_new) {
  EngineEntry* const entry = table_.Find(id);
  if (entry == nullptr) return;
  entry->opening = std::max<int64_t>(entry->opening - 1, 0);
  if (!is_new) entry->assigned = std::max<int64_t>(entry->assigned - 1, 0);
}

void EngineBroker::AwaitSync(std::function<void()> waiter) {
  core_.Post([this, waiter = std::move(waiter)]() mutable {
    if (settled_) return waiter();
    sync_waiters_.push_back(std::move(waiter));
  });
}

void EngineBroker::ReportDead(const EngineId& id, const std::string& how) {
  core_.Post([this, id, how] {
    EngineEntry* const entry = table_.Find(id);
    if (entry == nullptr) return;
    if (entry->record.is_registered()) return Down(*entry, how);
    const bool is_local = entry->is_local;
    Died(id, how, false, is_local ? kReapPatience : Duration::zero());
  });
}

// Its session may have come back, or have been cloned.
void EngineBroker::EndUnused(const EngineId& id) {
  const EngineEntry* const entry = table_.Find(id);
  if (entry == nullptr || kills_.IsPending(id) || sessions_.UseOf(id).sessions > 0) return;
  KillOnCore(id, {"foxfire", "its session has ended", options_.kill_grace, ""},
             [](const Result<KillOutcome>& outcome) {
               if (!outcome) Log("broker").warn("{}", outcome.error().message);
             });
}

void EngineBroker::DirectoryChanged() {
  const auto view = directory_.View();
  if (view->synced) {
    for (const auto& [key, records] : view->engines) {
      for (const discovery::EngineRecord& record : records) Appeared(record);
    }
    if (!view->stale) {
      table_.ForgetDeadExcept(*view);
      for (const EngineId& id : table_.Ids()) {
        if (table_.Find(id)->registered && view->Find(id) == nullptr) Vanished(id);
      }
    }
    synced_ = true;
  }
  Publish();
  if (synced_) Settle();
}

void EngineBroker::Settle() {
  settled_ = true;
  std::vector<std::function<void()>> waiters;
  waiters.swap(sync_waiters_);
  for (const auto& waiter : waiters) waiter();
  launches_.spares().Refill();
}

void EngineBroker::Appeared(const discovery::EngineRecord& record) {
  if (table_.IsDead(record.id)) return;
  EngineEntry* entry = table_.Find(record.id);
  if (entry != nullptr && !IsSameEngine(entry->record, record)) {
    Log("broker").error(
        "engine left out: its id is that of another engine engine={} key={} endpoint={}:{}",
        record.id.str(), record.key.ToString(), record.host, record.port);
    return;
  }
  if (entry != nullptr && entry->registered) {
    if (entry->record == record) return;
    const bool is_load_only = entry->record.SameButLoad(record);
    entry->assigned = 0;
    entry->record = record;
    if (is_load_only) return;
  }
  auto secret = secrets_.of_registered(record);
  if (!secret) {
    Log("broker").error("engine left out: {} engine={} key={}", secret.error().message,
                        record.id.str(), record.key.ToString());
    return;
  }
  const bool was_watched = entry != nullptr && entry->is_local;
  if (entry == nullptr) entry = &table_.Add(record.id);
  core_.Cancel(std::exchange(entry->forgetting, 0));
  entry->record = record;
  entry->registered = true;
  entry->is_local = !record.is_registered() && record.pid > 0 && record.host_name == HostName();
  entry->secret = *std::move(secret);
  if (entry->is_local && !was_watched) launcher_.Adopt(record.id, record.pid);
  if (!kills_.IsPending(record.id) && !entry->is_draining) {
    entry->state = EngineState::kReady;
    entry->hung_kills = 0;
  } else if (entry->state == EngineState::kLaunching) {
    entry->state = EngineState::kStopping;  // it was gone, and is being killed
  }
  store_.Save(ToRow(*entry));
  Note(event::kEngineReady, *entry,
       fmt::format("Spark {} at {}:{} as {}", record.spark_version, record.host, record.port,
                   record.run_as));
  Publish();
  if (entry->state == EngineState::kReady) launches_.EngineReady(*entry);
}

void EngineBroker::Vanished(const EngineId& id) {
  EngineEntry* entry = table_.Find(id);
  if (entry->record.is_registered()) return Died(id, "its registration was removed", true);
  entry->registered = false;
  entry->state = EngineState::kStopping;
  if (entry->is_local) return;  // its process tells when it has ended
  kills_.Vanished(id);
  if (kills_.IsPending(id)) return Died(id, "stopped on request", true);
  launches_.RoomFreed();
  entry->forgetting = core_.PostAfter(options_.forget_after, [this, id] {
    const EngineEntry* still = table_.Find(id);
    if (still != nullptr && !still->registered) Died(id, "not registered any more", true);
  });
}

void EngineBroker::ProcessExited(const launcher::EngineExit& exit) {
  if (const auto leftover = leftovers_.extract(exit.id)) core_.Cancel(leftover.mapped());
  if (launches_.spares().ProcessExited(exit) || launches_.ProcessExited(exit)) return;
  if (const auto found = obituaries_.find(exit.id); found != obituaries_.end()) {
    core_.Cancel(found->second.timer);
    return WriteObituary(exit.id, exit.how);
  }
  const EngineEntry* entry = table_.Find(exit.id);
  if (entry != nullptr) Died(exit.id, exit.how, !entry->registered || exit.how == "exit status 0");
}

void EngineBroker::Died(const EngineId& id, const std::string& how, bool in_order,
                        Duration patience) {
  auto entry = table_.Remove(id);
  if (!entry) return;
  const bool expected = in_order || kills_.IsPending(id);
  Publish();
  const size_t sessions =
      sessions_.EndAllOf(id, SessionState::kLost, fmt::format("its engine ended: {}", how));
  if (entry->registered && entry->is_local) {
    // Its process is gone: other gateways need not wait for its ZooKeeper session to run out.
    directory_.RemoveEngine(entry->record.key, id, [](const Result<void>& removed) {
      if (!removed)
        Log("broker").warn("removing a dead engine's node: {}", removed.error().message);
    });
  }
  // Whoever ordered it may have died before its engine did; the order is for nobody any more.
  const bool has_order = (entry->is_draining || entry->is_local) && !kills_.IsPending(id);
  Obituary& obituary = obituaries_[id];
  core_.Cancel(obituary.timer);
  obituary = {*std::move(entry), expected, sessions, core_.clock().WallNow(), 0};
  if (patience > Duration::zero()) {
    obituary.timer = core_.PostAfter(patience, [this, id, how] { WriteObituary(id, how); });
    leftovers_[id] = core_.PostAfter(kEndPatience, [this, id] { EndLeftover(id); });
  } else {
    WriteObituary(id, how);
  }
  if (has_order) kills_.ClearOrder(id);
  kills_.Ended(id);
  launches_.RoomFreed();
}

// Its port was closed long ago, so nobody sees it any more.
void EngineBroker::EndLeftover(const EngineId& id) {
  leftovers_.erase(id);
  if (table_.Find(id) != nullptr) return;  // it has registered again
  const auto killed = launcher_.Kill(id);
  if (killed) {
    Log("broker").warn("a process outlived its engine and was ended engine={}", id.str());
  } else if (killed.error().code != Code::kNotFound) {
    Log("broker").error("{}", killed.error().message);
  }
}

void EngineBroker::Probed(const ProbeResult& result) {
  EngineEntry* const entry = table_.Find(result.id);
  if (entry == nullptr) return;
  if (entry->record.is_registered()) return ProbedRegistered(*entry, result);
  // Of one that is killed here its process tells; elsewhere nothing else may.
  const bool is_killed = kills_.IsPending(result.id);
  if (is_killed && (entry->is_local || !result.refused)) return;
  if (result.refused) {
    return Died(result.id, result.why, !entry->registered,
                entry->is_local ? kReapPatience : Duration::zero());
  }
  if (result.answered) entry->hung_kills = 0;
  if (result.is_hung && MayJudge(*entry)) {
    const bool may_kill = entry->hung_kills == 0 || core_.clock().Now() >= entry->next_hung_kill;
    if (may_kill) Hung(*entry, result.why);
    return;
  }
  std::string health = result.answered ? kWell : "silent: " + result.why;
  if (entry->health == health) return;
  entry->health = std::move(health);
  Publish();
}

// A gateway whose own network is away must not end what others use: of engines elsewhere it takes
// none for hung while all of them are silent, unless there is one only.
bool EngineBroker::MayJudge(const EngineEntry& entry) const {
  if (entry.is_local) return true;
  const auto elsewhere = [&entry](const EngineEntry& other) {
    return !other.is_local && other.record.port != 0 && other.record.id != entry.record.id;
  };
  return table_.CountIf(elsewhere) == 0 || table_.CountIf([&](const EngineEntry& other) {
    return elsewhere(other) && other.health == kWell;
  }) > 0;
}

// Its node stays until an administrator removes it, so it may come back.
void EngineBroker::ProbedRegistered(EngineEntry& entry, const ProbeResult& result) {
  if (result.refused || result.is_hung) return Down(entry, result.why);
  std::string health = result.answered ? kWell : "silent: " + result.why;
  const bool comes_back = result.answered && entry.state == EngineState::kDead;
  if (!comes_back && (entry.health == health || entry.state == EngineState::kDead)) return;
  entry.health = std::move(health);
  if (comes_back) {
    entry.state = EngineState::kReady;
    Note(event::kEngineReady, entry, "it answers again");
  }
  Publish();
}

// It takes no calls until it answers a probe.
void EngineBroker::Down(EngineEntry& entry, const std::string& why) {
  entry.health = "down: " + why;
  if (entry.state == EngineState::kDead) return Publish();
  entry.state = EngineState::kDead;
  Publish();
  const size_t sessions =
      sessions_.EndAllOf(entry.record.id, SessionState::kLost, "its engine is down: " + why);
  Note(event::kEngineLost, entry, fmt::format("{}, with {} sessions", why, sessions));
}

// Its sessions are lost, whatever becomes of it: nobody can tell whether it would answer again.
void EngineBroker::Hung(EngineEntry& entry, const std::string& why) {
  const EngineId id = entry.record.id;
  entry.health = "hung: " + why;
  entry.next_hung_kill =
      core_.clock().Now() + PauseAfter(++entry.hung_kills, kFirstKillPause, kLongestKillPause);
  entry.state = EngineState::kStopping;
  Note(event::kEngineHung, entry, why);
  const SessionManager::EngineUse use = sessions_.UseOf(id);
  sessions_.EndAllOf(id, SessionState::kLost, "its engine hangs: " + why);
  Publish();
  KillRequest kill{"foxfire", "it answers no more: " + why, Duration::zero(), ""};
  kill.is_deaf = true;
  kills_.Start(entry, kill, use, [](const Result<KillOutcome>& outcome) {
    if (!outcome) Log("broker").error("{}", outcome.error().message);
  });
}

// It has ended while it was asked to, or the profile does not lead to where it runs (any more).
void EngineBroker::NotFound(const KillOutcome& outcome) {
  if (const EngineEntry* const entry = table_.Find(outcome.id))
    Note(event::kEngineNotFound, *entry, "its cluster manager knows nothing of it");
}

void EngineBroker::WriteObituary(const EngineId& id, const std::string& how) {
  auto node = obituaries_.extract(id);
  if (node.empty()) return;
  const Obituary obituary = std::move(node.mapped());
  Note(obituary.expected ? event::kEngineStopped : event::kEngineLost, obituary.entry,
       fmt::format("{}, with {} sessions", how, obituary.sessions));
  EngineRow row = ToRow(obituary.entry);
  row.state = EngineStateName(EngineState::kDead);
  row.ended_at = obituary.ended_at;
  row.end_reason = how;
  store_.Save(std::move(row));
}

void EngineBroker::Publish() {
  snapshot_.Set(table_.Snapshot(synced_));
  prober_.SetTargets(table_.ProbeTargets());
  for (const auto& [state, gauge] : by_state_) {
    gauge->Set(static_cast<double>(table_.CountIf(
        [wanted = state](const EngineEntry& entry) { return entry.state == wanted; })));
  }
}

void EngineBroker::Note(const char* type, const EngineEntry& entry, const std::string& detail,
                        const std::string& address) {
  EventRecord event;
  event.time = core_.clock().WallNow();
  event.type = type;
  event.user = entry.record.key.level == ShareLevel::kUser ? entry.record.key.owner : "";
  event.engine_id = entry.record.id.str();
  event.address = address;
  event.detail = fmt::format("{} key={}", detail, entry.record.key.ToString());
  Log("broker").info("{} engine={} {}", type, event.engine_id, event.detail);
  store_.Append(std::move(event));
}

}  // namespace foxfire::server
