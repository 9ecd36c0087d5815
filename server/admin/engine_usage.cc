#include "server/admin/engine_usage.h"

#include <algorithm>

namespace foxfire::server {

EngineUsage::EngineUsage(const std::vector<SessionSummary>& sessions) {
  for (const SessionSummary& session : sessions) {
    const SessionInfo& info = session.info;
    if (info.key.level == ShareLevel::kConnection) connection_owners_.emplace(info.user, info.key);
    Use& use = uses_[info.engine];
    use.last_activity =
        std::max(use.last_activity.value_or(session.last_activity), session.last_activity);
    if (session.state != SessionState::kActive) continue;
    ++use.sessions;
    use.open_calls += session.open_calls;
  }
}

EngineUsage::Use EngineUsage::Of(const EngineId& engine) const {
  const auto found = uses_.find(engine);
  return found == uses_.end() ? Use{} : found->second;
}

bool EngineUsage::IsOwner(const UserId& user, const EngineKey& key) const {
  if (key.level == ShareLevel::kUser) return key.owner == user.str();
  return key.level == ShareLevel::kConnection && connection_owners_.count({user, key}) > 0;
}

Duration IdleTime(const EngineUsage::Use& use, WallTime started_at, WallTime now) {
  if (use.open_calls > 0) return Duration::zero();
  const WallTime since = std::max(use.last_activity.value_or(started_at), started_at);
  return std::max<Duration>(now - since, Duration::zero());
}

}  // namespace foxfire::server
