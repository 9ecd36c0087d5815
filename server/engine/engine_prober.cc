#include "server/engine/engine_prober.h"

#include <algorithm>
#include <set>
#include <utility>

namespace foxfire::server {
namespace {

Counter& Failures(Metrics& metrics, const char* kind) {
  return metrics.AddCounter("foxfire_engine_probe_failures_total",
                            "Health probes of engines that were not answered.", {{"kind", kind}});
}

bool IsSame(const ProbeTarget& one, const ProbeTarget& other) {
  return one.host == other.host && one.port == other.port &&
         one.secret.Equals(other.secret.Reveal());
}

}  // namespace

EngineProber::EngineProber(const ProbeOptions& options, ProbeClient& client, Executor& core,
                           Metrics& metrics, Listener listener)
    : options_(options),
      client_(client),
      core_(core),
      listener_(std::move(listener)),
      seconds_(metrics.AddHistogram("foxfire_engine_probe_seconds",
                                    "How long engines take to answer a health probe.",
                                    {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5})),
      timeouts_(Failures(metrics, "timeout")),
      refusals_(Failures(metrics, "refused")),
      unreachable_(Failures(metrics, "unreachable")),
      self_(std::make_shared<EngineProber*>(this)) {}

EngineProber::~EngineProber() { Stop(); }

void EngineProber::SetTargets(const std::vector<ProbeTarget>& targets) {
  std::set<EngineId> gone;
  for (const auto& [id, watched] : watched_) gone.insert(id);
  for (const ProbeTarget& target : targets) {
    gone.erase(target.id);
    const auto found = watched_.find(target.id);
    if (found != watched_.end() && IsSame(found->second.target, target)) continue;
    Unwatch(target.id);
    Watch(target);
  }
  for (const EngineId& id : gone) Unwatch(id);
}

void EngineProber::Watch(const ProbeTarget& target) {
  Watched& watched = watched_[target.id];
  watched.target = target;
  watched.number = next_number_++;
  PostProbe(watched, core_.clock().Now() + PhaseOf(target.id));
}

void EngineProber::Unwatch(const EngineId& id) {
  const auto node = watched_.extract(id);
  if (node.empty()) return;
  core_.Cancel(node.mapped().timer);
  client_.Forget(id);
}

EngineProber::Watched* EngineProber::Find(const EngineId& id, uint64_t number) {
  const auto found = watched_.find(id);
  return found != watched_.end() && found->second.number == number ? &found->second : nullptr;
}

// Ids are random: engines that a gateway finds all at once are asked one after the other.
Duration EngineProber::PhaseOf(const EngineId& id) const {
  const auto hash = static_cast<int64_t>(std::hash<EngineId>{}(id) >> 1);
  return Duration(hash % std::max<int64_t>(options_.interval.count(), 1));
}

void EngineProber::PostProbe(Watched& watched, SteadyTime due) {
  watched.timer = core_.PostAt(due, [this, id = watched.target.id, number = watched.number] {
    if (Watched* found = Find(id, number)) Probe(*found);
  });
}

void EngineProber::Probe(Watched& watched) {
  watched.asked_at = core_.clock().Now();
  client_.Probe(watched.target, options_.timeout,
                [&core = core_, self = std::weak_ptr<EngineProber*>(self_), id = watched.target.id,
                 number = watched.number](ProbeAnswer answer) {
                  core.Post([self, id, number, answer = std::move(answer)] {
                    if (const auto prober = self.lock()) (*prober)->Ended(id, number, answer);
                  });
                });
}

void EngineProber::Ended(const EngineId& id, uint64_t number, ProbeAnswer answer) {
  Watched* watched = Find(id, number);
  if (watched == nullptr) return;
  const ProbeResult result = Judge(*watched, std::move(answer));
  PostProbe(*watched, std::max(watched->asked_at + options_.interval, core_.clock().Now()));
  listener_(result);  // last: it may end the watch
}

ProbeResult EngineProber::Judge(Watched& watched, ProbeAnswer answer) {
  ProbeResult result;
  result.id = watched.target.id;
  result.took = core_.clock().Now() - watched.asked_at;
  result.answered = answer.outcome == ProbeOutcome::kAnswered;
  result.refused = answer.outcome == ProbeOutcome::kRefused;
  result.why = std::move(answer.why);
  watched.failures = result.answered ? 0 : watched.failures + 1;
  switch (answer.outcome) {
    case ProbeOutcome::kAnswered:
      seconds_.Observe(std::chrono::duration<double>(result.took).count());
      watched.timeouts = 0;
      break;
    case ProbeOutcome::kTimeout:
      timeouts_.Increment();
      ++watched.timeouts;
      break;
    case ProbeOutcome::kRefused:
      refusals_.Increment();
      break;
    case ProbeOutcome::kUnreachable:
      unreachable_.Increment();
      break;
  }
  result.failures_in_a_row = watched.failures;
  result.is_hung = !result.refused && watched.timeouts >= options_.failures;
  return result;
}

}  // namespace foxfire::server
