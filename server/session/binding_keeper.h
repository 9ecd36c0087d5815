// What ZooKeeper says of this gateway's sessions, kept true: a binding that could not be written or
// removed while ZooKeeper was away is so later, and one whose session is in use says that.
#pragma once

#include <deque>
#include <string>

#include "common/executor.h"
#include "discovery/engine_directory.h"
#include "server/session/session_manager.h"

namespace foxfire::server {

// Bind and Unbind are thread-safe; the others are confined to `core`.
class BindingKeeper {
 public:
  // All borrowed, must outlive this; `core` is stopped before this is destroyed.
  BindingKeeper(SessionManager& sessions, discovery::EngineDirectory& directory, Executor& core)
      : sessions_(sessions), directory_(directory), core_(core) {}

  // Of a session that is known here already.
  void Bind(const SessionInfo& session);
  void Unbind(const SessionInfo& session);
  // One that has just failed with `error`. It is tried again while ZooKeeper is away and the
  // session is active, or lost with an answer; another error is for the log.
  void BindLater(const discovery::SessionBinding& binding, const Error& error);

  // Another gateway has said, in the binding, that it uses the session. Thread-safe.
  static bool IsUsedElsewhere(const Session& session, const discovery::SessionBinding& binding);
  // Tells other gateways that it is in use here.
  void NoteUse(const SessionPtr& session, WallTime used_at);
  // Ends a session that has been idle here since before `idle_since` and unbinds it, unless a
  // gateway has used it since: such a note may be `lag` older than what it is about. Nothing ends
  // while ZooKeeper does not answer, because nobody can be asked. `why` is for people.
  void EndIdle(const SessionPtr& session, WallTime idle_since, Duration lag,
               const std::string& why);

 private:
  struct Order {
    bool binds = true;  // else it unbinds
    discovery::SessionBinding binding;
  };

  void Write(const discovery::SessionBinding& binding);
  void Later(Order order, const Error& error);
  void TryNext();
  void Tried(const Result<void>& done);
  bool IsOutdated(const Order& order) const;

  SessionManager& sessions_;
  discovery::EngineDirectory& directory_;
  Executor& core_;
  std::deque<Order> orders_;  // confined to `core`
};

}  // namespace foxfire::server
