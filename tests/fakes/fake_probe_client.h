// A ProbeClient that answers as the test says.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/engine/probe_client.h"

namespace foxfire::server {

// Keeps every probe until the test ends it. Confined to the test's thread.
class FakeProbeClient final : public ProbeClient {
 public:
  struct Asked {
    ProbeTarget target;
    Duration timeout;
    Done done;  // empty once it has been called
  };

  void Probe(const ProbeTarget& target, Duration timeout, Done done) override {
    asked.push_back({target, timeout, std::move(done)});
  }
  void Forget(const EngineId& id) override { forgotten.push_back(id); }

  // Ends the last probe.
  void End(ProbeOutcome outcome, const std::string& why = "") {
    std::exchange(asked.back().done, nullptr)({outcome, why});
  }

  std::vector<Asked> asked;
  std::vector<EngineId> forgotten;
};

}  // namespace foxfire::server
