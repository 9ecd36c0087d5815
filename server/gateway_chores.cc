#include "server/gateway_chores.h"

#include "common/units.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTokenPeriod = 1s;
constexpr Duration kZooKeeperPeriod = 1s;
constexpr Duration kSessionPeriod = 5s;  // how old last_activity_at in the store may be
constexpr Duration kTrimPeriod = 1h;
constexpr int kNotesInTime = 8;  // that a session is in use, within session.idle_timeout

WallTime Ago(const Clock& clock, Duration age) {
  return clock.WallNow() - std::chrono::duration_cast<WallTime::duration>(age);
}

}  // namespace

GatewayChores::GatewayChores(const SessionTimes& session_times, auth::TokenStore& tokens,
                             SessionManager& sessions, BindingKeeper& bindings,
                             EngineBroker& broker, discovery::EngineDirectory& directory,
                             SqliteEventStore& store, Executor& core)
    : session_times_(session_times),
      tokens_(tokens),
      sessions_(sessions),
      bindings_(bindings),
      broker_(broker),
      directory_(directory),
      store_(store),
      core_(core) {}

void GatewayChores::Start() {
  Repeat(kTokenPeriod, &GatewayChores::ReloadTokens);
  Repeat(kZooKeeperPeriod, &GatewayChores::WatchZooKeeper);
  Repeat(kSessionPeriod, &GatewayChores::EndOldSessions);
  Repeat(kTrimPeriod, &GatewayChores::TrimStore);
}

void GatewayChores::Repeat(Duration period, void (GatewayChores::*chore)()) {
  core_.PostAfter(period, [this, period, chore] {
    (this->*chore)();
    Repeat(period, chore);
  });
}

void GatewayChores::ReloadTokens() { tokens_.ReloadIfChanged(); }

void GatewayChores::WatchZooKeeper() {
  const bool away = directory_.View()->stale;
  if (away == zookeeper_was_away_) return;
  zookeeper_was_away_ = away;
  EventRecord event;
  event.time = core_.clock().WallNow();
  event.type = away ? event::kZooKeeperLost : event::kZooKeeperBack;
  event.detail = away ? "running sessions go on, launches wait" : "";
  store_.Append(std::move(event));
}

void GatewayChores::EndOldSessions() {
  const bool has_limit = session_times_.max_lifetime > Duration::zero();
  const WallTime idle_since = Ago(core_.clock(), session_times_.idle_timeout);
  const Duration note_period = session_times_.idle_timeout / kNotesInTime;
  const SessionManager::Swept swept = sessions_.Sweep(
      idle_since, has_limit ? Ago(core_.clock(), session_times_.max_lifetime) : WallTime::min(),
      note_period);
  for (const auto& [session, used_at] : swept.used) bindings_.NoteUse(session, used_at);
  // A note is written by the sweep after its time, and takes a moment.
  const Duration lag = note_period + 2 * kSessionPeriod;
  for (const SessionPtr& session : swept.idle) {
    bindings_.EndIdle(
        session, idle_since, lag,
        "idle for " + FormatDuration(session_times_.idle_timeout) + " (session.idle_timeout)");
  }
  for (const SessionPtr& session : swept.old) {
    sessions_.End(
        session, SessionState::kExpired,
        "open for " + FormatDuration(session_times_.max_lifetime) + " (session.max_lifetime)");
    bindings_.Unbind(session->info());
  }
  for (const SessionPtr& session : swept.lost) bindings_.Unbind(session->info());
  // Sessions whose engine went while no gateway was watching.
  for (const SessionSummary& summary : sessions_.List()) {
    if (summary.state != SessionState::kActive) continue;
    const auto engine = broker_.FindEngine(summary.info.engine);
    if (engine.presence != EngineBroker::Presence::kGone) continue;
    if (const SessionPtr session = sessions_.Find(summary.info.user, summary.info.id)) {
      sessions_.End(session, SessionState::kLost, "its engine is gone");
    }
  }
}

void GatewayChores::TrimStore() { store_.Sweep(); }

}  // namespace foxfire::server
