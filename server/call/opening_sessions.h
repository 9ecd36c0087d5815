// Sessions that are on their way: bound in ZooKeeper, or being so, and not yet open.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "common/ids.h"
#include "server/id_counts.h"

namespace foxfire::server {

// They count for limits as open ones do; several first calls of a session count once.
// Thread-compatible.
class OpeningSessions {
 public:
  // True for the first of the calls that open it now.
  bool Begin(const UserId& user, const SessionId& session, const EngineId& engine);

  struct Done {
    EngineId engine;
    bool is_new = false;
  };
  // Belongs to an earlier Begin. `is_new`: there was no such session before. Answers for the last
  // of its calls; `Done::is_new` if one of them said so.
  std::optional<Done> End(const UserId& user, const SessionId& session, bool is_new);

  bool Has(const UserId& user, const SessionId& session) const {
    return calls_.count({user, session}) > 0;
  }
  size_t Of(const UserId& user) const { return of_users_.Of(user); }
  size_t On(const EngineId& engine) const { return on_engines_.Of(engine); }

 private:
  struct Calls {
    size_t count = 0;
    bool takes_place = true;
    Done done;
  };

  std::map<std::pair<UserId, SessionId>, Calls> calls_;
  IdCounts<UserId> of_users_;
  IdCounts<EngineId> on_engines_;
};

}  // namespace foxfire::server
