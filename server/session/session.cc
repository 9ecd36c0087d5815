#include "server/session/session.h"

#include <array>
#include <utility>

namespace foxfire::server {
namespace {

constexpr std::array<std::pair<SessionState, std::string_view>, 4> kNames = {
    {{SessionState::kActive, "active"},
     {SessionState::kClosed, "closed"},
     {SessionState::kLost, "lost"},
     {SessionState::kExpired, "expired"}}};

}  // namespace

std::string_view SessionStateName(SessionState state) {
  for (const auto& [known, name] : kNames) {
    if (known == state) return name;
  }
  return "";
}

SessionState ParseSessionState(std::string_view name) {
  for (const auto& [state, known] : kNames) {
    if (known == name) return state;
  }
  return SessionState::kClosed;
}

void Session::CallBegan(WallTime now, bool is_operation) {
  last_activity_.store(now, std::memory_order_relaxed);
  open_calls_.fetch_add(1, std::memory_order_relaxed);
  if (is_operation) operations_.fetch_add(1, std::memory_order_relaxed);
}

void Session::CallEnded(WallTime now) {
  last_activity_.store(now, std::memory_order_relaxed);
  open_calls_.fetch_sub(1, std::memory_order_relaxed);
}

bool Session::End(SessionState state, bool may_reconnect) {
  if (may_reconnect) may_reconnect_.store(true, std::memory_order_release);
  SessionState expected = SessionState::kActive;
  return state_.compare_exchange_strong(expected, state);
}

bool Session::Reopen() {
  if (!may_reconnect_.exchange(false)) return false;
  SessionState expected = SessionState::kClosed;
  return state_.compare_exchange_strong(expected, SessionState::kActive);
}

}  // namespace foxfire::server
