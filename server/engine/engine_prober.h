// The health of engines: one cheap call to each of them per interval, however many sessions it has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/executor.h"
#include "common/metrics.h"
#include "server/engine/probe_client.h"

namespace foxfire::server {

struct ProbeOptions {
  Duration interval = std::chrono::seconds(10);  // between the starts of two probes of an engine
  Duration timeout = std::chrono::seconds(5);    // for one probe, connecting included
  size_t failures = 3;                           // time-outs in a row that make an engine hung
};

// What one probe has shown. A value type.
struct ProbeResult {
  EngineId id;
  bool answered = false;
  bool refused = false;          // nobody listens on its port
  bool is_hung = false;          // `failures` probes in a row timed out; stays so until it answers
  size_t failures_in_a_row = 0;  // of any kind
  std::string why;               // of the failure, one line for people
  Duration took{};
};

// Only time-outs make an engine hung: while the gateway's own network is away, connections break or
// find no way, and that must not end every engine. Confined to the `core` executor.
class EngineProber {
 public:
  // Called on core, for each probe of a target. May call SetTargets() and Stop().
  using Listener = std::function<void(const ProbeResult&)>;

  // All borrowed, must outlive this; `client` may answer later than that.
  EngineProber(const ProbeOptions& options, ProbeClient& client, Executor& core, Metrics& metrics,
               Listener listener);
  ~EngineProber();
  EngineProber(const EngineProber&) = delete;
  EngineProber& operator=(const EngineProber&) = delete;

  // All engines to ask from now on. Those that stay the same go on as they were; the first probe of
  // a new one comes within an interval, at a moment of its own.
  void SetTargets(const std::vector<ProbeTarget>& targets);
  // Asks nobody any more, and says nothing more.
  void Stop() { SetTargets({}); }

 private:
  struct Watched {
    ProbeTarget target;
    uint64_t number = 0;  // tells it from an earlier one of the same id
    TimerId timer = 0;
    SteadyTime asked_at;
    size_t failures = 0;
    size_t timeouts = 0;
  };

  void Watch(const ProbeTarget& target);
  void Unwatch(const EngineId& id);
  Watched* Find(const EngineId& id, uint64_t number);
  void PostProbe(Watched& watched, SteadyTime due);
  void Probe(Watched& watched);
  void Ended(const EngineId& id, uint64_t number, ProbeAnswer answer);
  ProbeResult Judge(Watched& watched, ProbeAnswer answer);
  Duration PhaseOf(const EngineId& id) const;

  const ProbeOptions options_;
  ProbeClient& client_;
  Executor& core_;
  const Listener listener_;
  Histogram& seconds_;
  Counter& timeouts_;
  Counter& refusals_;
  Counter& unreachable_;

  uint64_t next_number_ = 1;
  std::map<EngineId, Watched> watched_;
  std::shared_ptr<EngineProber*> self_;  // answers that come after the end find nobody
};

}  // namespace foxfire::server
