// Starts engines ahead of their users: of those who came at this time in past weeks, each has the
// engine that they would get today (docs/engines.md, "Ahead of time").
#pragma once

#include <cstddef>
#include <map>
#include <optional>

#include "auth/token_store.h"
#include "common/executor.h"
#include "common/metrics.h"
#include "common/published.h"
#include "server/call/engine_key_policy.h"
#include "server/engine/engine_broker.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// Looks once a minute, on a thread of its own, because it reads the store; the broker decides
// whether this is the moment for a launch. Start is for one thread.
class Prestarts {
 public:
  // All borrowed, must outlive this; `thread` and the broker's `core` are stopped before this is
  // destroyed. `lead`: engine.prestart_lead.
  Prestarts(Duration lead, const Published<EngineKeyOptions>& keys, const auth::TokenStore& tokens,
            EngineBroker& broker, EventStore& store, Executor& thread, Metrics& metrics);

  // The first look comes as soon as the broker knows which engines there are.
  void Start();

 private:
  struct Habit {
    size_t weeks = 0;
    SteadyTime over;
  };

  void Look();
  // nullopt: the user's next session would not go there, or nothing is to be started for them.
  std::optional<EngineDemand> DemandFor(const EngineKeyOptions& keys, const EngineKey& key) const;
  // On `core`.
  void Begun(const EngineKey& key, const Habit& habit);

  const Duration lead_;
  const Published<EngineKeyOptions>& keys_;
  const auth::TokenStore& tokens_;
  EngineBroker& broker_;
  EventStore& store_;
  Executor& thread_;
  Counter& started_;

  // What was started lately, until the habit is over. Confined to `thread_`.
  std::map<EngineKey, SteadyTime> begun_;
};

}  // namespace foxfire::server
