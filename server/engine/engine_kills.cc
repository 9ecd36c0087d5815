#include "server/engine/engine_kills.h"

#include <fmt/format.h>

#include "common/log.h"
#include "common/units.h"

namespace foxfire::server {
namespace {

// What an engine needs beyond its grace: stopping Spark Connect and the SparkContext.
constexpr Duration kStopSlack = std::chrono::seconds(5);
constexpr Duration kClearRetry = std::chrono::seconds(1);

}  // namespace

struct EngineKills::Pending {
  KillRequest request;
  KillOutcome outcome;
  bool is_local = false;
  bool is_forcing = false;  // its cluster manager was told and has not answered
  bool has_ended = false;   // ... while it was
  launcher::RemoteEngine engine;
  SteadyTime asked;
  SteadyTime due;  // when it is ended by force
  TimerId deadline = 0;
  std::vector<Done> waiting;
};

EngineKills::EngineKills(const EngineOptions& options, discovery::EngineDirectory& directory,
                         launcher::EngineLauncher& launcher, Executor& core, NotFound not_found)
    : options_(options),
      directory_(directory),
      launcher_(launcher),
      core_(core),
      not_found_(std::move(not_found)) {}

EngineKills::~EngineKills() = default;

void EngineKills::Start(const EngineEntry& entry, const KillRequest& request,
                        const SessionManager::EngineUse& use, Done done) {
  const EngineId id = entry.record.id;
  std::unique_ptr<Pending>& pending = pending_[id];
  const SteadyTime due = core_.clock().Now() + request.grace + kStopSlack;
  const bool is_first = pending == nullptr;
  if (is_first) {
    pending = std::make_unique<Pending>();
    pending->outcome = {id, entry.record.key, false, use.sessions, use.open_calls};
    pending->asked = core_.clock().Now();
    pending->is_local = entry.is_local;
    pending->engine.id = id;
    pending->engine.key = entry.record.key;
    pending->engine.run_as = entry.record.run_as;
    pending->engine.submission_id = entry.record.submission_id;
    pending->engine.host_name = entry.record.host_name;
  }
  pending->waiting.push_back(std::move(done));
  if (!is_first && due >= pending->due) return;
  core_.Cancel(pending->deadline);
  pending->request = request;
  pending->due = due;
  pending->deadline = core_.PostAfter(request.grace + kStopSlack, [this, id] { Force(id); });
  Ask(id, request);
}

void EngineKills::Ask(const EngineId& id, const KillRequest& request) {
  directory_.SendControl(
      id, {"stop", request.grace, request.reason, request.by}, [this, id](Result<void> sent) {
        if (sent) return;
        core_.Post([this, id, error = sent.error()] {
          Log("broker").warn("asking an engine to stop: {} engine={}", error.message, id.str());
          // It cannot be asked, so there is nothing to wait for.
          const auto found = pending_.find(id);
          if (found != pending_.end() && found->second->is_local) Force(id);
        });
      });
}

void EngineKills::Force(const EngineId& id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  Pending& pending = *found->second;
  if (!pending.is_local) return ForceRemote(pending);
  pending.outcome.forced = true;
  if (const auto killed = launcher_.Kill(id); !killed) {
    Finish(id, WithContext(killed.error(), "ending the engine by force"));
  }
}

// By its cluster manager. Its end is seen in ZooKeeper, when its session has run out.
void EngineKills::ForceRemote(Pending& pending) {
  pending.is_forcing = true;
  KillRemote(pending, [this, id = pending.engine.id,
                       grace = pending.request.grace](Result<launcher::RemoteEnd> killed) {
    core_.Post([this, id, grace, killed = std::move(killed)] { ForcedRemote(id, grace, killed); });
  });
}

void EngineKills::ForcedRemote(const EngineId& id, Duration grace,
                               const Result<launcher::RemoteEnd>& killed) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  KillOutcome& outcome = found->second->outcome;
  outcome.forced = killed && *killed == launcher::RemoteEnd::kEnded;
  if (found->second->has_ended) {
    if (!killed) Log("broker").warn("{} engine={}", killed.error().message, id.str());
    return Finish(id, outcome);
  }
  if (!killed) {
    return Finish(id, MakeError(killed.error().code,
                                fmt::format("engine {} was asked to stop but still runs after {}: "
                                            "{}",
                                            id.str(), FormatDuration(grace + kStopSlack),
                                            killed.error().message)));
  }
  if (*killed == launcher::RemoteEnd::kNotFound) {
    outcome.not_found = true;
    not_found_(outcome);
  }
  Finish(id, outcome);
}

// What its owner has otherwise counts as config says it now, whoever started the engine.
void EngineKills::KillRemote(const Pending& pending,
                             std::function<void(Result<launcher::RemoteEnd>)> done) {
  launcher::RemoteEngine engine = pending.engine;
  engine.overrides = options_.overrides_of(engine.key);
  launcher_.KillRemote(std::move(engine), std::move(done));
}

void EngineKills::Vanished(const EngineId& id) {
  const auto found = pending_.find(id);
  if (found == pending_.end() || found->second->is_local) return;
  const Pending& pending = *found->second;
  if (pending.is_forcing) return;
  // Whoever obeys removes its node at once. This one's ZooKeeper session has rather run out, and
  // its process may still be there.
  if (!pending.request.is_deaf && core_.clock().Now() - pending.asked < kStopSlack) return;
  KillRemote(pending, [id](const Result<launcher::RemoteEnd>& killed) {
    if (!killed) Log("broker").warn("{} engine={}", killed.error().message, id.str());
  });
}

void EngineKills::Ended(const EngineId& id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  // Its cluster manager tells whether it went by force.
  if (found->second->is_forcing) {
    found->second->has_ended = true;
    return;
  }
  Finish(id, found->second->outcome);
}

void EngineKills::Finish(const EngineId& id, const Result<KillOutcome>& outcome) {
  auto node = pending_.extract(id);
  core_.Cancel(node.mapped()->deadline);
  ClearOrder(id);
  for (const Done& done : node.mapped()->waiting) done(outcome);
}

void EngineKills::ClearOrder(const EngineId& id) {
  directory_.ClearControl(id, [this, id](const Result<void>& cleared) {
    if (cleared) return;
    if (cleared.error().code != Code::kUnavailable)
      return Log("broker").warn("removing a control node: {}", cleared.error().message);
    core_.PostAfter(kClearRetry, [this, id] {
      if (!IsPending(id)) ClearOrder(id);
    });
  });
}

}  // namespace foxfire::server
