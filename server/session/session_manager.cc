#include "server/session/session_manager.h"

#include <algorithm>
#include <tuple>

#include "common/log.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

const char* EventOf(SessionState state) {
  switch (state) {
    case SessionState::kLost:
      return event::kSessionLost;
    case SessionState::kExpired:
      return event::kSessionExpired;
    default:
      return event::kSessionClosed;
  }
}

// Why a session has ended that the next gateway of the store is not to know of.
constexpr const char* kForgotten = "its engine ended before it answered";

// An id may be used again once its client has let go of it, or if it never had an answer.
bool Replaceable(const Session& session) {
  return session.forgettable() ||
         (session.state() == SessionState::kClosed && session.may_reconnect());
}

}  // namespace

SessionManager::SessionManager(SessionManagerOptions options, const Clock& clock, EventStore& store,
                               Metrics& metrics)
    : options_(options),
      clock_(clock),
      store_(store),
      active_(metrics.AddGauge("foxfire_sessions_active", "Sessions bound to an engine.")),
      opened_(metrics.AddCounter("foxfire_sessions_opened_total", "Sessions opened here.")) {}

size_t SessionManager::KeyHash::operator()(const KeyView& key) const noexcept {
  return std::hash<UserId>{}(key.user) * 31 + std::hash<SessionId>{}(key.id);
}

Result<void> SessionManager::Restore() {
  SessionFilter filter;
  filter.limit = options_.ended_max;
  ASSIGN_OR_RETURN(const std::vector<SessionRecord> records, store_.ListSessions(filter));
  const WallTime oldest =
      clock_.WallNow() - std::chrono::duration_cast<WallTime::duration>(options_.ended_ttl);
  for (const SessionRecord& record : records) {
    const SessionState state = ParseSessionState(record.state);
    const auto key = EngineKey::Parse(record.engine_key);
    if (record.end_reason == kForgotten) continue;
    if (!key || (state != SessionState::kActive && record.last_activity_at < oldest)) continue;
    SessionInfo info{UserId(record.user),
                     SessionId(record.session_id),
                     *key,
                     EngineId(record.engine_id),
                     record.created_at,
                     record.client,
                     ""};
    auto session = std::make_shared<Session>(std::move(info), record.last_activity_at);
    session->RestoreOperations(record.operations);
    if (state == SessionState::kActive) CountActive(session->info());
    if (state != SessionState::kActive) session->End(state, false);
    session->Answered();  // not known any more; the careful answer to its client is SESSION_CHANGED
    const Key id{session->info().user, session->info().id};
    Shard& shard = ShardOf(id);
    MutexLock lock(shard.mutex);
    shard.sessions[id] = {session, record.end_reason, record.last_activity_at,
                          record.last_activity_at};
  }
  return {};
}

SessionPtr SessionManager::Find(const UserId& user, const SessionId& id) const {
  const KeyView key(user, id);
  const Shard& shard = ShardOf(key);
  MutexLock lock(shard.mutex);
  const auto found = shard.sessions.find(key);
  return found == shard.sessions.end() ? nullptr : found->second.session;
}

SessionPtr SessionManager::Open(SessionInfo info) { return Insert(std::move(info), true); }

SessionPtr SessionManager::Adopt(SessionInfo info) { return Insert(std::move(info), false); }

SessionPtr SessionManager::Insert(SessionInfo info, bool is_new) {
  const Key key{info.user, info.id};
  auto session = std::make_shared<Session>(std::move(info), clock_.WallNow());
  {
    Shard& shard = ShardOf(key);
    MutexLock lock(shard.mutex);
    Entry& entry = shard.sessions[key];
    if (entry.session != nullptr && !Replaceable(*entry.session)) return entry.session;
    CountActive(session->info());  // before anybody can end it
    entry = {session, "", {}, session->last_activity()};
  }
  store_.Save(ToRecord(*session, ""));
  if (is_new) {
    opened_.Increment();
    Note(event::kSessionOpened, *session, session->info().client);
  }
  return session;
}

void SessionManager::CountActive(const SessionInfo& info) {
  active_.Increment();
  of_users_.Add(info.user);
  on_engines_.Add(info.engine);
}

void SessionManager::UncountActive(const SessionInfo& info) {
  active_.Decrement();
  of_users_.Remove(info.user);
  on_engines_.Remove(info.engine);
}

bool SessionManager::Release(const SessionPtr& session) {
  if (!session->End(SessionState::kClosed, true)) return false;
  Ended(*session, SessionState::kClosed, "released by its client");
  return true;
}

bool SessionManager::Reopen(const SessionPtr& session) {
  const Key key{session->info().user, session->info().id};
  {
    Shard& shard = ShardOf(key);
    MutexLock lock(shard.mutex);
    const auto found = shard.sessions.find(key);
    if (found == shard.sessions.end() || found->second.session != session) return false;
    CountActive(session->info());  // before anybody can end it
    if (!session->Reopen()) {
      UncountActive(session->info());
      return false;
    }
    found->second.end_reason.clear();
    session->set_noted_use({});  // its new binding says nothing of it
  }
  store_.Save(ToRecord(*session, ""));
  Note(event::kSessionOpened, *session, "its client has come back");
  return true;
}

bool SessionManager::End(const SessionPtr& session, SessionState state, const std::string& reason) {
  if (!session->End(state, false)) return false;
  Ended(*session, state, reason);
  return true;
}

void SessionManager::Forget(const SessionPtr& session) {
  End(session, SessionState::kLost, kForgotten);
  const Key key{session->info().user, session->info().id};
  {
    Shard& shard = ShardOf(key);
    MutexLock lock(shard.mutex);
    const auto found = shard.sessions.find(key);
    if (found == shard.sessions.end() || found->second.session != session) return;
    shard.sessions.erase(found);
  }
  store_.Save(ToRecord(*session, kForgotten));
}

void SessionManager::Ended(const Session& session, SessionState state, const std::string& reason) {
  UncountActive(session.info());
  const Key key{session.info().user, session.info().id};
  {
    Shard& shard = ShardOf(key);
    MutexLock lock(shard.mutex);
    const auto found = shard.sessions.find(key);
    if (found != shard.sessions.end() && found->second.session.get() == &session) {
      found->second.end_reason = reason;
      found->second.ended_at = clock_.WallNow();
    }
  }
  store_.Save(ToRecord(session, reason));
  Note(EventOf(state), session, reason);
  if (ended_) ended_(session.info(), state);
}

size_t SessionManager::EndAllOf(const EngineId& engine, SessionState state,
                                const std::string& reason) {
  std::vector<SessionPtr> bound;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const auto& [key, entry] : shard.sessions) {
      if (entry.session->info().engine == engine) bound.push_back(entry.session);
    }
  }
  return static_cast<size_t>(
      std::count_if(bound.begin(), bound.end(),
                    [&](const SessionPtr& session) { return End(session, state, reason); }));
}

SessionManager::Swept SessionManager::Sweep(WallTime idle_since, WallTime opened_since,
                                            Duration note_period) {
  Swept swept;
  std::vector<SessionPtr> moved;
  const WallTime now = clock_.WallNow();
  const WallTime oldest = now - std::chrono::duration_cast<WallTime::duration>(options_.ended_ttl);
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    size_t ended = 0;
    for (auto at = shard.sessions.begin(); at != shard.sessions.end();) {
      Entry& entry = at->second;
      if (entry.session->state() != SessionState::kActive) {
        const bool due = entry.ended_at < oldest || ++ended > options_.ended_max / kShards;
        // The others were unbound as they ended, and their ids may be bound anew by now.
        if (due && entry.session->state() == SessionState::kLost && entry.session->answered()) {
          swept.lost.push_back(entry.session);
        }
        at = due ? shard.sessions.erase(at) : std::next(at);
        continue;
      }
      const WallTime last = entry.session->last_activity();
      if (last != entry.saved_activity) moved.push_back(entry.session);
      entry.saved_activity = last;
      const bool is_busy = entry.session->open_calls() > 0;
      const WallTime used = is_busy ? now : last;
      const bool is_idle = !is_busy && std::max(last, entry.session->used_elsewhere()) < idle_since;
      const bool is_old = !is_busy && entry.session->info().created_at < opened_since;
      if (is_idle) {
        swept.idle.push_back(entry.session);
      } else if (is_old) {
        swept.old.push_back(entry.session);
      }
      // Of an old one nobody is to know any more.
      if ((is_idle || !is_old) && used - entry.session->noted_use() > note_period) {
        swept.used.emplace_back(entry.session, used);
      }
      ++at;
    }
  }
  for (const SessionPtr& session : moved) store_.Save(ToRecord(*session, ""));
  return swept;
}

std::vector<SessionSummary> SessionManager::List() const {
  std::vector<SessionSummary> list;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const auto& [key, entry] : shard.sessions) {
      const Session& session = *entry.session;
      list.push_back({session.info(), session.state(), session.last_activity(),
                      session.operations(), session.open_calls(), entry.end_reason});
    }
  }
  std::sort(list.begin(), list.end(), [](const SessionSummary& a, const SessionSummary& b) {
    return std::tie(a.info.created_at, a.info.id) < std::tie(b.info.created_at, b.info.id);
  });
  return list;
}

SessionManager::EngineUse SessionManager::UseOf(const EngineId& engine) const {
  EngineUse use;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const auto& [key, entry] : shard.sessions) {
      const Session& session = *entry.session;
      if (session.info().engine != engine || session.state() != SessionState::kActive) continue;
      ++use.sessions;
      use.open_calls += session.open_calls();
      use.last_activity =
          std::max(use.last_activity.value_or(WallTime::min()), session.last_activity());
    }
  }
  return use;
}

void SessionManager::Note(const char* type, const Session& session, const std::string& detail) {
  const SessionInfo& info = session.info();
  Log("session").info("{} user={} session={} engine={} {}", type, info.user.str(), info.id.str(),
                      info.engine.str(), detail);
  EventRecord record;
  record.time = clock_.WallNow();
  record.type = type;
  record.user = info.user.str();
  record.session_id = info.id.str();
  record.engine_id = info.engine.str();
  record.address = info.address;
  record.detail = detail;
  store_.Append(std::move(record));
}

SessionRecord SessionManager::ToRecord(const Session& session, const std::string& end_reason) {
  const SessionInfo& info = session.info();
  return {info.id.str(),
          info.user.str(),
          info.engine.str(),
          info.key.ToString(),
          std::string(SessionStateName(session.state())),
          info.created_at,
          session.last_activity(),
          session.operations(),
          info.client,
          end_reason};
}

}  // namespace foxfire::server
