// The admin calls about engines that somebody else has started (docs/engines.md), without a
// transport.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "common/clock.h"
#include "common/published.h"
#include "common/result.h"
#include "common/secret.h"
#include "discovery/engine_directory.h"
#include "server/admin/caller.h"
#include "server/admin/messages.h"
#include "server/call/engine_key_policy.h"
#include "server/session/session_manager.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// Whether an engine answers at `endpoint` and takes `token` (empty: none is sent); errors say what
// is wrong and what to do. May block for `timeout`.
using EngineGreeting =
    std::function<Result<void>(const std::string& endpoint, const Secret& token, Duration timeout)>;

// What registrations need. All borrowed; `store` must outlive what the directory answers.
struct RegistrationParts {
  const Published<EngineKeyOptions>& keys;
  discovery::EngineDirectory& directory;
  const SessionManager& sessions;
  EventStore& store;
  const Clock& clock;
};

// Thread-safe; each call may block its thread.
class RegistrationHandlers {
 public:
  // `parts` must outlive this. `sealing_key`: auth::SealingKey's.
  RegistrationHandlers(const RegistrationParts& parts, Secret sealing_key, EngineGreeting greet)
      : parts_(parts), sealing_key_(std::move(sealing_key)), greet_(std::move(greet)) {}

  // Greets the engine, then makes its node. ALREADY_EXISTS: the same endpoint is registered for the
  // same key.
  Result<pb::RegisterEngineResponse> Register(const Caller& caller,
                                              const pb::RegisterEngineRequest& request,
                                              const CallLimits& limits);
  Result<pb::UnregisterEngineResponse> Unregister(const Caller& caller,
                                                  const pb::UnregisterEngineRequest& request,
                                                  const CallLimits& limits);

 private:
  using DirectoryChange = std::function<void(discovery::EngineDirectory::Callback<void>)>;

  // The record without its token.
  Result<discovery::EngineRecord> RecordOf(const Caller& caller,
                                           const pb::RegisterEngineRequest& request) const;
  Result<discovery::EngineRecord> Resolve(const std::string& engine_id) const;
  // Waits for what the directory answers on its own thread. `event` is written once the change is
  // made, also if the caller has left by then.
  Result<void> Change(EventRecord event, const CallLimits& limits, const DirectoryChange& change);
  EventRecord EventOf(const char* type, const Caller& caller,
                      const discovery::EngineRecord& record) const;

  const RegistrationParts parts_;
  const Secret sealing_key_;
  const EngineGreeting greet_;
};

}  // namespace foxfire::server
