// One Spark Connect session: (user, session id), bound to one engine for life.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/engine_key.h"
#include "common/ids.h"

namespace foxfire::server {

// active → closed | lost | expired. An ended session stays known for a while, so that a client that
// comes back with it hears what became of it.
enum class SessionState { kActive, kClosed, kLost, kExpired };

// "active", "closed", "lost", "expired"
std::string_view SessionStateName(SessionState state);
SessionState ParseSessionState(std::string_view name);  // unknown names are kClosed

// What never changes about a session. A value type.
struct SessionInfo {
  UserId user;
  SessionId id;
  EngineKey key;
  EngineId engine;
  WallTime created_at;
  std::string client;   // client_type of its first request, else the user-agent
  std::string address;  // where its first request came from
};

// Shared (shared_ptr) because calls in flight keep it alive after the table has let it go.
// Thread-safe.
class Session {
 public:
  Session(SessionInfo info, WallTime last_activity)
      : info_(std::move(info)), last_activity_(last_activity), noted_use_(info_.created_at) {}

  const SessionInfo& info() const { return info_; }
  SessionState state() const { return state_.load(std::memory_order_acquire); }
  WallTime last_activity() const { return last_activity_.load(std::memory_order_relaxed); }
  int64_t operations() const { return operations_.load(std::memory_order_relaxed); }
  int64_t open_calls() const { return open_calls_.load(std::memory_order_relaxed); }

  void CallBegan(WallTime now, bool is_operation);
  void CallEnded(WallTime now);
  void RestoreOperations(int64_t operations) { operations_ = operations; }

  // The time that this gateway has last written into its binding (discovery::SessionBinding);
  // epoch: it could not.
  WallTime noted_use() const { return noted_use_.load(std::memory_order_relaxed); }
  void set_noted_use(WallTime time) { noted_use_.store(time, std::memory_order_relaxed); }
  // Until when another gateway may have used it; epoch: none that we know of.
  WallTime used_elsewhere() const { return used_elsewhere_.load(std::memory_order_relaxed); }
  void set_used_elsewhere(WallTime time) { used_elsewhere_.store(time, std::memory_order_relaxed); }

  // Leaves kActive once; false if it has left it before. `may_reconnect`: its client let go of it,
  // so calls that still come (or come again, with allow_reconnect) are its engine's to answer.
  bool End(SessionState state, bool may_reconnect);
  // Back to kActive, once for each End with `may_reconnect`; false if it may not.
  bool Reopen();
  bool may_reconnect() const { return may_reconnect_.load(std::memory_order_acquire); }

  // Its client has had an answer from the engine. One that has not may be bound anew when its
  // engine is lost: SESSION_CHANGED as a first answer would break the client for good.
  void Answered() { answered_.store(true, std::memory_order_relaxed); }
  bool answered() const { return answered_.load(std::memory_order_relaxed); }
  bool forgettable() const { return state() == SessionState::kLost && !answered(); }

 private:
  const SessionInfo info_;
  std::atomic<SessionState> state_{SessionState::kActive};
  std::atomic<WallTime> last_activity_;
  std::atomic<WallTime> noted_use_;
  std::atomic<WallTime> used_elsewhere_{WallTime{}};
  std::atomic<int64_t> operations_{0};
  std::atomic<int64_t> open_calls_{0};
  std::atomic<bool> may_reconnect_{false};
  std::atomic<bool> answered_{false};
};

using SessionPtr = std::shared_ptr<Session>;

}  // namespace foxfire::server
