// The admin calls about sessions, without a transport.
#pragma once

#include <functional>

#include "common/result.h"
#include "server/admin/caller.h"
#include "server/admin/messages.h"
#include "server/session/session_manager.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// Thread-safe; each call may block its thread.
class SessionHandlers {
 public:
  // Called when a session has been closed here, for what else has to know of it.
  using OnClose = std::function<void(const SessionPtr&)>;

  // All borrowed, must outlive this.
  SessionHandlers(SessionManager& sessions, EventStore& store, OnClose on_close);

  Result<pb::ListSessionsResponse> List(const Caller& caller,
                                        const pb::ListSessionsRequest& request) const;
  Result<pb::CloseSessionResponse> Close(const Caller& caller,
                                         const pb::CloseSessionRequest& request);

 private:
  SessionManager& sessions_;
  EventStore& store_;
  const OnClose on_close_;
};

}  // namespace foxfire::server
