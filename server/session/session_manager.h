// Every session that this gateway knows: who owns it, which engine it is bound to, how it ended.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/metrics.h"
#include "common/mutex.h"
#include "server/id_counts.h"
#include "server/session/session.h"
#include "server/store/event_store.h"

namespace foxfire::server {

struct SessionManagerOptions {
  size_t ended_max = 100000;                    // ended sessions remembered
  Duration ended_ttl = std::chrono::hours(24);  // and for how long
};

// What admin commands see of a session. A value type.
struct SessionSummary {
  SessionInfo info;
  SessionState state = SessionState::kActive;
  WallTime last_activity;
  int64_t operations = 0;
  int64_t open_calls = 0;
  std::string end_reason;
};

// Keyed by (user, session id): somebody else's id is simply unknown. Thread-safe; sharded, so that
// loops do not wait for each other.
class SessionManager {
 public:
  // All borrowed, must outlive this.
  SessionManager(SessionManagerOptions options, const Clock& clock, EventStore& store,
                 Metrics& metrics);

  // Takes over what the store says was active, or ended not long ago, when the last gateway of this
  // database stopped.
  Result<void> Restore();

  // Hears of every session that ends, on the thread on which it does. Set once, before the first.
  using EndListener = std::function<void(const SessionInfo&, SessionState)>;
  void OnEnd(EndListener listener) { ended_ = std::move(listener); }

  // nullptr: never seen, or long forgotten.
  SessionPtr Find(const UserId& user, const SessionId& id) const;

  // Makes the session known, writes its record and event. If another call was first, that one's
  // session is returned.
  SessionPtr Open(SessionInfo info);

  // Takes over a session that another gateway (or this one's forerunner) opened.
  SessionPtr Adopt(SessionInfo info);

  // Its client let go of it: what still comes for it goes to its engine.
  bool Release(const SessionPtr& session);

  // Its engine has taken it up again after Release. False if it was not released, or if its id
  // belongs to another session by now.
  bool Reopen(const SessionPtr& session);

  // As if it had never been: for one whose client has not had an answer.
  void Forget(const SessionPtr& session);

  // Ends it for good; `reason` is for people ("closed by admin"). False if it was not active.
  bool End(const SessionPtr& session, SessionState state, const std::string& reason);

  // Ends every active session of the engine as lost; how many that were.
  size_t EndAllOf(const EngineId& engine, SessionState state, const std::string& reason);

  struct Swept {
    std::vector<SessionPtr> idle;  // active, without an open call since before `idle_since`, as far
                                   // as is known here
    std::vector<SessionPtr> old;   // the other ones without an open call from before `opened_since`
    std::vector<SessionPtr> lost;  // forgotten just now: nobody needs their bindings any more
    std::vector<std::pair<SessionPtr, WallTime>> used;  // and when, see `note_period`
  };
  // Writes the activity of sessions that changed since the last call and forgets ended ones that
  // are due. Sessions that have been in use for longer than `note_period` since noted_use() are
  // `used`.
  Swept Sweep(WallTime idle_since, WallTime opened_since = WallTime::min(),
              Duration note_period = Duration::max());

  std::vector<SessionSummary> List() const;
  // How many are active.
  size_t ActiveOf(const UserId& user) const { return of_users_.Of(user); }
  size_t ActiveOn(const EngineId& engine) const { return on_engines_.Of(engine); }
  struct EngineUse {
    size_t sessions = 0;
    int64_t open_calls = 0;
    std::optional<WallTime> last_activity;
  };
  // Of active sessions.
  EngineUse UseOf(const EngineId& engine) const;

 private:
  struct Key {
    UserId user;
    SessionId id;
  };
  // What is looked for; saves copies.
  struct KeyView {
    KeyView(const UserId& a_user, const SessionId& an_id) : user(a_user), id(an_id) {}
    KeyView(const Key& key) : KeyView(key.user, key.id) {}  // NOLINT(google-explicit-constructor)
    const UserId& user;
    const SessionId& id;
  };
  struct KeyHash {
    using is_transparent = void;
    size_t operator()(const KeyView& key) const noexcept;
  };
  struct KeyEqual {
    using is_transparent = void;
    bool operator()(const KeyView& a, const KeyView& b) const noexcept {
      return a.user == b.user && a.id == b.id;
    }
  };
  struct Entry {
    SessionPtr session;
    std::string end_reason;
    WallTime ended_at;
    WallTime saved_activity;
  };
  struct Shard {
    mutable Mutex mutex;
    std::unordered_map<Key, Entry, KeyHash, KeyEqual> sessions GUARDED_BY(mutex);
  };
  static constexpr size_t kShards = 16;

  Shard& ShardOf(const KeyView& key) const { return shards_[KeyHash{}(key) % kShards]; }
  SessionPtr Insert(SessionInfo info, bool is_new);
  void CountActive(const SessionInfo& info);
  void UncountActive(const SessionInfo& info);
  void Ended(const Session& session, SessionState state, const std::string& reason);
  void Note(const char* type, const Session& session, const std::string& detail);
  static SessionRecord ToRecord(const Session& session, const std::string& end_reason);

  const SessionManagerOptions options_;
  const Clock& clock_;
  EventStore& store_;
  Gauge& active_;
  Counter& opened_;
  IdCounts<UserId> of_users_;
  IdCounts<EngineId> on_engines_;
  EndListener ended_;
  mutable std::array<Shard, kShards> shards_;
};

}  // namespace foxfire::server
