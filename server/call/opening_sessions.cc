#include "server/call/opening_sessions.h"

#include <utility>

#include "common/check.h"

namespace foxfire::server {

bool OpeningSessions::Begin(const UserId& user, const SessionId& session, const EngineId& engine) {
  Calls& calls = calls_[{user, session}];
  if (++calls.count > 1) return false;
  calls.done.engine = engine;
  of_users_.Add(user);
  on_engines_.Add(engine);
  return true;
}

std::optional<OpeningSessions::Done> OpeningSessions::End(const UserId& user,
                                                          const SessionId& session, bool is_new) {
  const auto found = calls_.find({user, session});
  CHECK(found != calls_.end());
  Calls& calls = found->second;
  calls.done.is_new = calls.done.is_new || is_new;
  // It is open from the first one on, and counted as such.
  if (std::exchange(calls.takes_place, false)) {
    of_users_.Remove(user);
    on_engines_.Remove(calls.done.engine);
  }
  if (--calls.count > 0) return std::nullopt;
  const Done done = calls.done;
  calls_.erase(found);
  return done;
}

}  // namespace foxfire::server
