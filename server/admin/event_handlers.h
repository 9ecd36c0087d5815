// The admin calls about events, without a transport.
#pragma once

#include <vector>

#include "common/result.h"
#include "server/admin/caller.h"
#include "server/admin/messages.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// Thread-safe; each call may block its thread.
class EventHandlers {
 public:
  // Borrowed, must outlive this.
  explicit EventHandlers(EventStore& store);

  Result<pb::ListEventsResponse> List(const Caller& caller,
                                      const pb::ListEventsRequest& request) const;

 private:
  Result<std::vector<EventRecord>> Find(const pb::ListEventsRequest& request,
                                        EventFilter filter) const;

  EventStore& store_;
};

}  // namespace foxfire::server
