#include "server/engine/engine_broker.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "common/log.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

// How long callers wait for the directory's first reading before a launch is tried without it (the
// launch itself then waits for ZooKeeper, and says so when its time is up).
constexpr Duration kSyncPatience = std::chrono::seconds(10);

// A port is closed moments before its process is reaped, which tells more.
constexpr Duration kReapPatience = std::chrono::seconds(2);

}  // namespace

EngineBroker::EngineBroker(EngineOptions options, discovery::EngineDirectory& directory,
                           launcher::EngineLauncher& launcher, SecretOf secret_of,
                           SessionManager& sessions, EventStore& store, Executor& core,
                           Metrics& metrics)
    : options_(options),
      directory_(directory),
      launcher_(launcher),
      secret_of_(std::move(secret_of)),
      sessions_(sessions),
      store_(store),
      core_(core),
      launches_(options_, directory, launcher, secret_of_, table_, store, core, metrics,
                [this] { Publish(); }),
      kills_(directory, launcher, core),
      snapshot_(std::make_shared<EngineSnapshot>()) {}

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
    for (const EngineRow& row : rows) {
      if (row.ended_at || row.pid == 0) continue;
      auto entry = FromRow(row);
      if (!entry) continue;
      // It may run without being registered, so its sessions reach it before ZooKeeper answers.
      entry->state = EngineState::kStopping;
      entry->is_local = true;
      entry->is_own = true;
      entry->secret = secret_of_(entry->record.id);
      const auto pid = entry->record.pid;
      const EngineId id = entry->record.id;
      table_.Add(id) = std::move(*entry);
      launcher_.Adopt(id, pid);
    }
    Publish();
    DirectoryChanged();
  });
  core_.PostAfter(kSyncPatience, [this] { Settle(); });
  return {};
}

EngineBroker::Lookup EngineBroker::FindEngine(const EngineId& id) const {
  const EngineSnapshot& snapshot = snapshot_.Current();
  const auto found = snapshot.engines.find(id);
  if (found != snapshot.engines.end() && !found->second.status.endpoint.empty()) {
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

void EngineBroker::Acquire(const EngineKey& key, const std::string& run_as, Waiter waiter) {
  core_.Post([this, key, run_as, waiter = std::move(waiter)] {
    auto acquire = [this, key, run_as, waiter] {
      if (const EngineEntry* ready = table_.FindReady(key)) {
        return waiter(std::make_shared<const LiveEngine>(ToLive(*ready)));
      }
      launches_.Acquire(key, run_as, waiter);
    };
    // What is not read yet cannot be missing: first see whether the engine runs already.
    if (settled_ || table_.FindReady(key) != nullptr) return acquire();
    sync_waiters_.push_back(std::move(acquire));
  });
}

void EngineBroker::AwaitSync(std::function<void()> waiter) {
  core_.Post([this, waiter = std::move(waiter)]() mutable {
    if (settled_) return waiter();
    sync_waiters_.push_back(std::move(waiter));
  });
}

void EngineBroker::ReportDead(const EngineId& id, const std::string& how) {
  core_.Post([this, id, how] {
    const EngineEntry* const entry = table_.Find(id);
    if (entry == nullptr) return;
    const bool is_local = entry->is_local;
    Died(id, how, false, is_local ? kReapPatience : Duration::zero());
  });
}

std::vector<EngineStatus> EngineBroker::List() const {
  std::vector<EngineStatus> list;
  const auto snapshot = snapshot_.Get();
  for (const auto& [id, engine] : snapshot->engines) {
    list.push_back(engine.status);
    if (engine.status.is_local) list.back().rss_bytes = launcher_.ResidentBytes(engine.status.pid);
  }
  std::sort(list.begin(), list.end(), [](const EngineStatus& a, const EngineStatus& b) {
    return std::tie(a.started_at, a.id) < std::tie(b.started_at, b.id);
  });
  return list;
}

Result<EngineStatus> EngineBroker::Show(const EngineId& id) const {
  for (EngineStatus& status : List()) {
    if (status.id == id) return std::move(status);
  }
  return MakeError(Code::kNotFound, fmt::format("no engine {} is running", id.str()));
}

void EngineBroker::ListLaunches(std::function<void(std::vector<LaunchStatus>)> done) {
  core_.Post([this, done = std::move(done)] { done(launches_.List()); });
}

void EngineBroker::Foresee(const EngineKey& key, std::function<void(LaunchOutlook)> done) {
  core_.Post([this, key, done = std::move(done)] { done(launches_.Foresee(key)); });
}

Result<std::string> EngineBroker::LogTail(const EngineId& id, size_t lines) const {
  return launcher_.LogTail(id, lines);
}

void EngineBroker::Kill(const EngineId& id, const KillRequest& request, EngineKills::Done done) {
  core_.Post([this, id, request, done = std::move(done)] { KillOnCore(id, request, done); });
}

void EngineBroker::KillOwn(const KillRequest& request, std::function<void()> done) {
  core_.Post([this, request, done = std::move(done)] {
    launches_.Close();
    auto left = std::make_shared<size_t>(1);
    auto one_done = [left, done](const Result<KillOutcome>& outcome) {
      if (!outcome) Log("broker").error("{}", outcome.error().message);
      if (--*left == 0) done();
    };
    for (const EngineId& id : table_.Ids()) {
      if (!table_.Find(id)->is_own) continue;
      ++*left;
      KillOnCore(id, request, one_done);
    }
    one_done(KillOutcome{});
  });
}

void EngineBroker::KillOnCore(const EngineId& id, const KillRequest& request,
                              EngineKills::Done done) {
  EngineEntry* entry = table_.Find(id);
  if (entry == nullptr) {
    return done(MakeError(Code::kNotFound, fmt::format("no engine {} is running", id.str())));
  }
  Note(event::kEngineKillAsked, *entry, fmt::format("by {}: {}", request.by, request.reason),
       request.address);
  if (entry->state == EngineState::kLaunching) {
    const KillOutcome outcome{id, entry->record.key, true, 0, 0};
    launches_.Abort(id, fmt::format("{} ended it: {}", request.by, request.reason));
    const auto killed = launcher_.Kill(id);
    if (!killed && killed.error().code != Code::kNotFound) {
      return done(tl::unexpected(killed.error()));
    }
    return done(outcome);
  }
  entry->state = EngineState::kStopping;
  Publish();
  kills_.Start(*entry, request, sessions_.UseOf(id), std::move(done));
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
}

void EngineBroker::Appeared(const discovery::EngineRecord& record) {
  if (table_.IsDead(record.id)) return;
  EngineEntry* entry = table_.Find(record.id);
  if (entry != nullptr && entry->registered && entry->record == record) return;
  const bool was_watched = entry != nullptr && entry->is_local;
  if (entry == nullptr) entry = &table_.Add(record.id);
  entry->record = record;
  entry->registered = true;
  entry->is_local = record.pid > 0 && record.host_name == HostName();
  if (entry->secret.empty()) entry->secret = secret_of_(record.id);
  if (entry->is_local && !was_watched) launcher_.Adopt(record.id, record.pid);
  if (!kills_.IsPending(record.id)) entry->state = EngineState::kReady;
  store_.Save(ToRow(*entry));
  Note(event::kEngineReady, *entry,
       fmt::format("Spark {} at {}:{} as {}", record.spark_version, record.host, record.port,
                   record.run_as));
  Publish();
  launches_.EngineReady(*entry);
}

void EngineBroker::Vanished(const EngineId& id) {
  EngineEntry* entry = table_.Find(id);
  entry->registered = false;
  entry->state = EngineState::kStopping;
  if (entry->is_local) return;  // its process tells when it has ended
  if (kills_.IsPending(id)) return Died(id, "stopped on request", true);
  launches_.RoomFreed();
  core_.PostAfter(options_.forget_after, [this, id] {
    const EngineEntry* still = table_.Find(id);
    if (still != nullptr && !still->registered) Died(id, "not registered any more", true);
  });
}

void EngineBroker::ProcessExited(const launcher::EngineExit& exit) {
  if (launches_.ProcessExited(exit)) return;
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
  Obituary& obituary = obituaries_[id];
  obituary = {*std::move(entry), expected, sessions, core_.clock().WallNow(), 0};
  if (patience > Duration::zero()) {
    obituary.timer = core_.PostAfter(patience, [this, id, how] { WriteObituary(id, how); });
  } else {
    WriteObituary(id, how);
  }
  kills_.Ended(id);
  launches_.RoomFreed();
}

void EngineBroker::WriteObituary(const EngineId& id, const std::string& how) {
  const Obituary obituary = std::move(obituaries_.extract(id).mapped());
  Note(obituary.expected ? event::kEngineStopped : event::kEngineLost, obituary.entry,
       fmt::format("{}, with {} sessions", how, obituary.sessions));
  EngineRow row = ToRow(obituary.entry);
  row.state = EngineStateName(EngineState::kDead);
  row.ended_at = obituary.ended_at;
  row.end_reason = how;
  store_.Save(std::move(row));
}

void EngineBroker::Publish() { snapshot_.Set(table_.Snapshot(synced_)); }

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
