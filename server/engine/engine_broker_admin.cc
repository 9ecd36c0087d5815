// What admins ask of the broker.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/log.h"
#include "server/engine/engine_broker.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

constexpr Duration kUndoRetry = std::chrono::seconds(1);

// UNAVAILABLE would read as if the gateway could not be reached.
Error DrainError(const EngineId& id, const Error& error) {
  return {
      error.code == Code::kUnavailable ? Code::kFailedPrecondition : error.code,
      fmt::format("engine {} could not be asked to drain and will go on as before; try again: {}",
                  id.str(), error.message)};
}

}  // namespace

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

void EngineBroker::ListFailures(std::function<void(std::vector<LaunchFailure>)> done) {
  core_.Post([this, done = std::move(done)] { done(launches_.ListFailures()); });
}

void EngineBroker::ListSpares(std::function<void(std::vector<SpareStatus>)> done) {
  core_.Post([this, done = std::move(done)] { done(launches_.spares().List()); });
}

void EngineBroker::SetWarmSpares(std::map<std::string, size_t> wanted) {
  core_.Post([this, wanted = std::move(wanted)] { launches_.spares().SetWanted(wanted); });
}

void EngineBroker::Start(const EngineDemand& demand,
                         std::function<void(Result<EngineStatus>)> done) {
  Acquire(demand, [this, done = std::move(done)](const Result<LiveEnginePtr>& engine) {
    if (!engine) return done(tl::unexpected(engine.error()));
    const EngineEntry* const entry = table_.Find((*engine)->id);
    if (entry != nullptr) return done(ToStatus(*entry));
    done(MakeError(Code::kUnavailable, "the engine has ended as soon as it was there; try again"));
  });
}

void EngineBroker::Drain(const EngineId& id, const KillRequest& request, EngineKills::Done done) {
  core_.Post([this, id, request, done = std::move(done)] {
    EngineEntry* const entry = table_.Find(id);
    if (entry == nullptr)
      return done(MakeError(Code::kNotFound, fmt::format("no engine {} is running", id.str())));
    if (entry->state == EngineState::kLaunching || kills_.IsPending(id)) {
      return done(MakeError(Code::kFailedPrecondition,
                            fmt::format("engine {} is {}, so there is nothing to drain", id.str(),
                                        EngineStateName(entry->state))));
    }
    Note(event::kEngineDrainAsked, *entry, fmt::format("by {}: {}", request.by, request.reason),
         request.address);
    const bool was_draining = std::exchange(entry->is_draining, true);
    const size_t number = ++entry->drains;
    entry->state = EngineState::kStopping;
    Publish();
    const SessionManager::EngineUse use = sessions_.UseOf(id);
    const KillOutcome outcome{id, entry->record.key, false, use.sessions, use.open_calls};
    directory_.SendControl(
        id, {"drain", request.grace, request.reason, request.by},
        [this, done, outcome, was_draining, number](const Result<void>& sent) {
          if (sent) return done(outcome);
          if (!was_draining) core_.Post([this, id = outcome.id, number] { UndoDrain(id, number); });
          done(tl::unexpected(DrainError(outcome.id, sent.error())));
        });
  });
}

// The order may have arrived all the same.
void EngineBroker::UndoDrain(const EngineId& id, size_t number) {
  if (!IsLastDrain(id, number)) return;
  directory_.ClearControl(id, [this, id, number](const Result<void>& cleared) {
    core_.Post([this, id, number, cleared] {
      if (cleared) return NotDrained(id, number);
      if (cleared.error().code == Code::kUnavailable) {
        core_.PostAfter(kUndoRetry, [this, id, number] { UndoDrain(id, number); });
        return;
      }
      Log("broker").error("{} engine={}", cleared.error().message, id.str());
    });
  });
}

bool EngineBroker::IsLastDrain(const EngineId& id, size_t number) {
  const EngineEntry* const entry = table_.Find(id);
  return entry != nullptr && entry->is_draining && entry->drains == number;
}

void EngineBroker::NotDrained(const EngineId& id, size_t number) {
  if (!IsLastDrain(id, number)) return;
  EngineEntry* const entry = table_.Find(id);
  entry->is_draining = false;
  const bool is_ready = entry->registered && !kills_.IsPending(id) && entry->hung_kills == 0;
  if (is_ready) entry->state = EngineState::kReady;
  Publish();
  if (is_ready) launches_.EngineReady(*entry);
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

void EngineBroker::GiveUpLaunches(std::function<void()> done) {
  core_.Post([this, done = std::move(done)] {
    launches_.Close();
    auto left = std::make_shared<size_t>(1);
    const auto one_done = [left, done] {
      if (--*left == 0) done();
    };
    for (const EngineId& id : table_.Ids()) {
      if (table_.Find(id)->state != EngineState::kLaunching) continue;
      ++*left;
      launches_.GiveUp(id, "this gateway stops", one_done);
    }
    one_done();
  });
}

void EngineBroker::Unregister(const EngineEntry& entry, EngineKills::Done done) {
  const EngineId id = entry.record.id;
  const SessionManager::EngineUse use = sessions_.UseOf(id);
  const KillOutcome outcome{id, entry.record.key, false, use.sessions, use.open_calls, true};
  directory_.RemoveEngine(
      entry.record.key, id,
      [this, id, outcome, done = std::move(done)](const Result<void>& removed) {
        if (!removed) return done(WithContext(removed.error(), "removing its registration"));
        core_.Post([this, id, outcome, done] {
          Died(id, "its registration was removed", true);
          done(outcome);
        });
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
    launches_.GiveUp(id, fmt::format("{} ended it: {}", request.by, request.reason),
                     [outcome, done = std::move(done)] { done(outcome); });
    return;
  }
  if (entry->record.is_registered()) return Unregister(*entry, std::move(done));
  entry->state = EngineState::kStopping;
  Publish();
  kills_.Start(*entry, request, sessions_.UseOf(id), std::move(done));
}

}  // namespace foxfire::server
