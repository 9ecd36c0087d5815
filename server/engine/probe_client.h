// The border of the health probe: one cheap call to an engine, and how it ended.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "common/clock.h"
#include "common/ids.h"
#include "common/secret.h"

namespace foxfire::server {

// Whom to ask. A value type.
struct ProbeTarget {
  EngineId id;
  std::string host;  // a name or an address, IPv6 without brackets
  uint16_t port = 0;
  Secret secret;  // the engine's own bearer token
};

enum class ProbeOutcome {
  kAnswered,     // with whatever status: somebody is at work there
  kTimeout,      // nothing came in time, with or without a connection
  kRefused,      // nobody listens there
  kUnreachable,  // no connection, or one that broke: it says nothing about the engine
};

struct ProbeAnswer {
  ProbeOutcome outcome = ProbeOutcome::kUnreachable;
  std::string why;  // one line for people; empty after an answer
};

// Asks engines whether they live. Both methods return at once.
class ProbeClient {
 public:
  using Done = std::function<void(ProbeAnswer)>;

  virtual ~ProbeClient() = default;
  // `done` is called once, on any thread, after `timeout` at the latest.
  virtual void Probe(const ProbeTarget& target, Duration timeout, Done done) = 0;
  // Closes the connection to an engine that is not asked any more, or before it is asked elsewhere.
  // A probe under way ends with any outcome.
  virtual void Forget(const EngineId& id) = 0;
};

}  // namespace foxfire::server
