#include "server/admin/session_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "common/text.h"
#include "server/admin/visibility.h"

namespace foxfire::server {
namespace {

constexpr uint32_t kDefaultLimit = 10000;
constexpr uint32_t kLargestLimit = 100000;
constexpr const char* kActive = "active";

Result<void> CheckState(const pb::ListSessionsRequest& request) {
  const std::string& state = request.state();
  if (!state.empty() && request.include_ended()) {
    return MakeError(Code::kInvalidArgument, "ask for one state or for all of them, not for both");
  }
  if (request.limit() > kLargestLimit) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("at most {} sessions can be asked for", kLargestLimit));
  }
  // ParseSessionState takes every unknown name for closed.
  if (state.empty() || SessionStateName(ParseSessionState(state)) == state) return {};
  return MakeError(Code::kInvalidArgument,
                   fmt::format("\"{}\" is not a state: write active, closed, lost or expired",
                               ToOneLine(state, 40)));
}

bool ActiveFirst(const pb::Session& a, const pb::Session& b) {
  const bool a_ended = a.state() != kActive;
  const bool b_ended = b.state() != kActive;
  return a_ended != b_ended ? b_ended : a.created_at_ms() < b.created_at_ms();
}

}  // namespace

SessionHandlers::SessionHandlers(SessionManager& sessions, EventStore& store, OnClose on_close)
    : sessions_(sessions), store_(store), on_close_(std::move(on_close)) {}

Result<pb::ListSessionsResponse> SessionHandlers::List(
    const Caller& caller, const pb::ListSessionsRequest& request) const {
  RETURN_IF_ERROR(CheckState(request));
  ASSIGN_OR_RETURN(const std::string user, VisibleUser(*caller.principal, request.user()));
  const bool wants_all = request.include_ended();
  const std::string wanted = request.state().empty() ? kActive : request.state();

  // What is in memory is newer than what is stored.
  std::map<std::pair<std::string, std::string>, pb::Session> found;
  if (wants_all || wanted != kActive) {
    SessionFilter filter;
    filter.user = user;
    if (!wants_all) filter.state = wanted;
    filter.limit = request.limit() == 0 ? kDefaultLimit : request.limit();
    ASSIGN_OR_RETURN(const std::vector<SessionRecord> records, store_.ListSessions(filter));
    for (const SessionRecord& record : records) {
      found[{record.user, record.session_id}] = ToMessage(record);
    }
  }
  for (const SessionSummary& session : sessions_.List()) {
    if (!user.empty() && session.info.user.str() != user) continue;
    found[{session.info.user.str(), session.info.id.str()}] = ToMessage(session);
  }

  std::vector<pb::Session> sessions;
  for (auto& [key, session] : found) {
    if (wants_all || session.state() == wanted) sessions.push_back(std::move(session));
  }
  std::stable_sort(sessions.begin(), sessions.end(), ActiveFirst);
  pb::ListSessionsResponse response;
  for (pb::Session& session : sessions) *response.add_sessions() = std::move(session);
  return response;
}

Result<pb::CloseSessionResponse> SessionHandlers::Close(const Caller& caller,
                                                        const pb::CloseSessionRequest& request) {
  ASSIGN_OR_RETURN(const std::string user, VisibleUser(*caller.principal, request.user()));
  const std::vector<SessionSummary> sessions = sessions_.List();
  std::vector<IdCandidate> candidates;
  for (const SessionSummary& session : sessions) {
    // An administrator who names a user means only that user's; for others, somebody else's id is
    // there but not theirs.
    const bool is_meant = user.empty() || session.info.user.str() == user;
    const bool is_known = is_meant || !caller.principal->IsAdmin();
    candidates.push_back({is_known ? session.info.id.str() : "", is_meant,
                          fmt::format("{} of {}", session.info.id.str(), session.info.user.str())});
  }
  ASSIGN_OR_RETURN(const size_t index, ResolveId("session", request.session_id(), candidates));
  const SessionInfo& info = sessions[index].info;
  const SessionPtr session = sessions_.Find(info.user, info.id);
  const std::string reason = fmt::format("closed by {} from {}", caller.user(), caller.address);
  if (session == nullptr || !sessions_.End(session, SessionState::kClosed, reason)) {
    return MakeError(Code::kFailedPrecondition,
                     fmt::format("session {} has ended already: {}", info.id.str(),
                                 ToUtf8(sessions[index].end_reason)));
  }
  if (on_close_) on_close_(session);

  SessionSummary closed = sessions[index];
  closed.state = session->state();
  closed.last_activity = session->last_activity();
  closed.operations = session->operations();
  closed.end_reason = reason;
  pb::CloseSessionResponse response;
  *response.mutable_session() = ToMessage(closed);
  return response;
}

}  // namespace foxfire::server
