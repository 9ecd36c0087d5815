#include "server/engine/engine_kills.h"

#include <fmt/format.h>

#include "common/log.h"
#include "common/units.h"

namespace foxfire::server {
namespace {

// What an engine needs beyond its grace: stopping Spark Connect and the SparkContext.
constexpr Duration kStopSlack = std::chrono::seconds(5);

}  // namespace

struct EngineKills::Pending {
  KillRequest request;
  KillOutcome outcome;
  bool is_local = false;
  SteadyTime due;  // when it is ended by force
  TimerId deadline = 0;
  std::vector<Done> waiting;
};

EngineKills::EngineKills(discovery::EngineDirectory& directory, launcher::EngineLauncher& launcher,
                         Executor& core)
    : directory_(directory), launcher_(launcher), core_(core) {}

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
    pending->is_local = entry.is_local;
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
  if (!pending.is_local) {
    return Finish(
        id, MakeError(Code::kDeadlineExceeded,
                      fmt::format("engine {} was asked to stop but still runs after {}; it runs on "
                                  "another machine, end its process there",
                                  id.str(), FormatDuration(pending.request.grace + kStopSlack))));
  }
  pending.outcome.forced = true;
  if (const auto killed = launcher_.Kill(id); !killed) {
    Finish(id, WithContext(killed.error(), "ending the engine by force"));
  }
}

void EngineKills::Ended(const EngineId& id) {
  const auto found = pending_.find(id);
  if (found != pending_.end()) Finish(id, found->second->outcome);
}

void EngineKills::Finish(const EngineId& id, const Result<KillOutcome>& outcome) {
  auto node = pending_.extract(id);
  core_.Cancel(node.mapped()->deadline);
  directory_.ClearControl(id, [](const Result<void>& cleared) {
    if (!cleared) Log("broker").warn("removing a control node: {}", cleared.error().message);
  });
  for (const Done& done : node.mapped()->waiting) done(outcome);
}

}  // namespace foxfire::server
