#include "server/session/binding_keeper.h"

#include <chrono>
#include <optional>
#include <utility>

#include "common/log.h"
#include "common/units.h"

namespace foxfire::server {
namespace {

using discovery::SessionBinding;

constexpr Duration kRetry = std::chrono::seconds(1);  // while ZooKeeper is away

SessionBinding BindingOf(const SessionInfo& session) {
  return {session.user, session.id, session.key, session.engine, session.created_at};
}

// ZooKeeper's nodes know milliseconds.
bool IsOwnNote(const Session& session, const SessionBinding& binding) {
  return ToUnixMillis(binding.LastUse()) == ToUnixMillis(session.noted_use());
}

}  // namespace

bool BindingKeeper::IsUsedElsewhere(const Session& session, const SessionBinding& binding) {
  return binding.used_at != WallTime{} && !IsOwnNote(session, binding);
}

void BindingKeeper::Bind(const SessionInfo& session) { Write(BindingOf(session)); }

void BindingKeeper::Write(const SessionBinding& binding) {
  directory_.BindSession(binding, [this, binding](const Result<SessionBinding>& bound) {
    if (bound) return;
    core_.Post([this, binding, error = bound.error()] { Later({true, binding}, error); });
  });
}

void BindingKeeper::Unbind(const SessionInfo& session) {
  directory_.UnbindSession(
      session.user, session.id, [this, binding = BindingOf(session)](const Result<void>& unbound) {
        if (unbound) return;
        core_.Post([this, binding, error = unbound.error()] { Later({false, binding}, error); });
      });
}

void BindingKeeper::BindLater(const SessionBinding& binding, const Error& error) {
  Later({true, binding}, error);
}

void BindingKeeper::Later(Order order, const Error& error) {
  if (error.code != Code::kUnavailable) {
    Log("session").warn("{} a session failed: {} user={} session={}",
                        order.binds ? "binding" : "unbinding", error.message,
                        order.binding.user.str(), order.binding.session.str());
    return;
  }
  if (orders_.empty()) core_.PostAfter(kRetry, [this] { TryNext(); });
  orders_.push_back(std::move(order));
}

// One after the other; the first that finds ZooKeeper away shows that it is too early.
void BindingKeeper::TryNext() {
  while (!orders_.empty() && IsOutdated(orders_.front())) orders_.pop_front();
  if (orders_.empty()) return;
  const Order& order = orders_.front();
  if (!order.binds) {
    directory_.UnbindSession(
        order.binding.user, order.binding.session,
        [this](const Result<void>& unbound) { core_.Post([this, unbound] { Tried(unbound); }); });
    return;
  }
  directory_.BindSession(order.binding, [this](const Result<SessionBinding>& bound) {
    core_.Post([this, bound] {
      if (!bound) return Tried(tl::unexpected(bound.error()));
      if (bound->engine != orders_.front().binding.engine) {
        Log("session").warn("another gateway has the session on engine {} session={}",
                            bound->engine.str(), bound->session.str());
        // If that was a guess, its engine has refused it at once: a first call that runs is none.
        const SessionPtr guessed = sessions_.Find(bound->user, bound->session);
        if (guessed != nullptr && !guessed->answered() && guessed->open_calls() == 0)
          sessions_.Forget(guessed);
      }
      Tried({});
    });
  });
}

void BindingKeeper::Tried(const Result<void>& done) {
  if (!done && done.error().code == Code::kUnavailable) {
    core_.PostAfter(kRetry, [this] { TryNext(); });
    return;
  }
  Order order = std::move(orders_.front());
  orders_.pop_front();
  if (!done) Later(std::move(order), done.error());
  TryNext();
}

// The session may have ended meanwhile, its client may have come back, or it has another engine.
bool BindingKeeper::IsOutdated(const Order& order) const {
  const SessionPtr session = sessions_.Find(order.binding.user, order.binding.session);
  const bool is_active = session != nullptr && session->state() == SessionState::kActive;
  if (!order.binds) return is_active;
  // One that is lost with its engine stays bound, so that every gateway tells its client.
  const bool is_told =
      session != nullptr && session->state() == SessionState::kLost && session->answered();
  return (!is_active && !is_told) || session->info().engine != order.binding.engine;
}

void BindingKeeper::NoteUse(const SessionPtr& session, WallTime used_at) {
  session->set_noted_use(used_at);
  SessionBinding binding = BindingOf(session->info());
  binding.used_at = used_at;
  directory_.NoteSessionUse(binding, [this, session, binding](const Result<void>& noted) {
    if (noted) return;
    core_.Post([this, session, binding, error = noted.error()] {
      if (error.code == Code::kUnavailable) return session->set_noted_use({});  // soon again
      // Somebody has removed it by mistake; or it was removed because the session has ended.
      if (error.code == Code::kNotFound) {
        if (session->state() == SessionState::kActive) Write(binding);
        return;
      }
      Log("session").warn("noting that a session is in use failed: {} user={} session={}",
                          error.message, session->info().user.str(), session->info().id.str());
    });
  });
}

void BindingKeeper::EndIdle(const SessionPtr& session, WallTime idle_since, Duration lag,
                            const std::string& why) {
  using Found = std::optional<SessionBinding>;
  const SessionInfo& info = session->info();
  const auto decide = [this, session, idle_since, lag, why](const Result<Found>& found) {
    // One that nobody can read says nothing; of any other error nobody knows what it hides.
    if (!found && found.error().code != Code::kInvalidArgument) return;
    const bool is_bound = found && *found && (*found)->engine == session->info().engine;
    if (is_bound && !IsOwnNote(*session, **found)) {
      const WallTime until =
          (*found)->LastUse() + std::chrono::duration_cast<WallTime::duration>(lag);
      if (until >= idle_since) return session->set_used_elsewhere(until);
    }
    // A call may have come for it while ZooKeeper was asked.
    if (session->open_calls() > 0 || session->last_activity() >= idle_since) return;
    if (!sessions_.End(session, SessionState::kExpired, why)) return;
    if (is_bound || !found) Unbind(session->info());
  };
  directory_.FindSession(info.user, info.id, [this, decide](const Result<Found>& found) {
    core_.Post([decide, found] { decide(found); });
  });
}

}  // namespace foxfire::server
