// Who uses which engine, gathered from the sessions in one pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "auth/principal.h"
#include "common/clock.h"
#include "common/engine_key.h"
#include "common/ids.h"
#include "server/session/session_manager.h"

namespace foxfire::server {

// Immutable after construction.
class EngineUsage {
 public:
  struct Use {
    size_t sessions = 0;                    // active ones
    int64_t open_calls = 0;                 // of active ones
    std::optional<WallTime> last_activity;  // also of sessions that have ended since
  };

  explicit EngineUsage(const std::vector<SessionSummary>& sessions);

  Use Of(const EngineId& engine) const;

  // Theirs: the user's engines of level USER, and those of level CONNECTION that were started for a
  // session of theirs. Engines that are shared further are nobody's.
  bool IsOwner(const UserId& user, const EngineKey& key) const;
  bool IsVisible(const auth::Principal& caller, const EngineKey& key) const {
    return caller.IsAdmin() || IsOwner(caller.user, key);
  }

 private:
  std::map<EngineId, Use> uses_;
  std::set<std::pair<UserId, EngineKey>> connection_owners_;
};

// How long the engine has had no call, as of `now`; zero while one is open. An engine without a
// session so far has been idle since it started.
Duration IdleTime(const EngineUsage::Use& use, WallTime started_at, WallTime now);

}  // namespace foxfire::server
