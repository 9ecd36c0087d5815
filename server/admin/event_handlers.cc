#include "server/admin/event_handlers.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "common/text.h"
#include "common/units.h"
#include "server/admin/visibility.h"

namespace foxfire::server {
namespace {

constexpr uint32_t kDefaultLimit = 1000;
constexpr uint32_t kLargestLimit = 100000;
constexpr int64_t kLatestMillis = 7'258'118'400'000;  // 2200-01-01; WallTime ends in 2262

Result<void> CheckIds(const pb::ListEventsRequest& request) {
  for (const std::string* id : {&request.session_id(), &request.engine_id()}) {
    if (id->empty() || id->size() >= kShortestIdPrefix) continue;
    return MakeError(Code::kInvalidArgument,
                     fmt::format("\"{}\" is too short: give at least {} characters of an id",
                                 ToOneLine(*id, kShortestIdPrefix), kShortestIdPrefix));
  }
  return {};
}

}  // namespace

EventHandlers::EventHandlers(EventStore& store) : store_(store) {}

Result<pb::ListEventsResponse> EventHandlers::List(const Caller& caller,
                                                   const pb::ListEventsRequest& request) const {
  if (request.limit() > kLargestLimit) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("at most {} events can be asked for", kLargestLimit));
  }
  if (request.since_ms() < 0 || request.since_ms() > kLatestMillis) {
    return MakeError(Code::kInvalidArgument,
                     "since_ms must be milliseconds since 1970, at most those of the year 2200");
  }
  RETURN_IF_ERROR(CheckIds(request));
  EventFilter filter;
  ASSIGN_OR_RETURN(filter.user, VisibleUser(*caller.principal, request.user()));
  filter.type = request.type();
  if (request.has_since_ms()) filter.since = FromUnixMillis(request.since_ms());
  filter.limit = request.limit() == 0 ? kDefaultLimit : request.limit();
  ASSIGN_OR_RETURN(const std::vector<EventRecord> events, Find(request, filter));
  pb::ListEventsResponse response;
  for (const EventRecord& event : events) *response.add_events() = ToMessage(event);
  return response;
}

Result<std::vector<EventRecord>> EventHandlers::Find(const pb::ListEventsRequest& request,
                                                     EventFilter filter) const {
  const std::string& session = request.session_id();
  const std::string& engine = request.engine_id();
  const size_t limit = filter.limit;
  // The store compares ids as a whole; beginnings of ids are compared here.
  if (IsUuid(session)) filter.session_id = session;
  if (IsUuid(engine)) filter.engine_id = engine;
  const bool is_abbreviated = session != filter.session_id || engine != filter.engine_id;
  if (is_abbreviated) filter.limit = kLargestLimit;
  ASSIGN_OR_RETURN(std::vector<EventRecord> events, store_.ListEvents(filter));
  if (!is_abbreviated) return events;
  std::vector<EventRecord> found;
  for (EventRecord& event : events) {
    if (event.session_id.rfind(session, 0) == 0 && event.engine_id.rfind(engine, 0) == 0) {
      found.push_back(std::move(event));
    }
  }
  if (found.size() > limit) found.erase(found.begin(), found.end() - static_cast<long>(limit));
  return found;
}

}  // namespace foxfire::server
