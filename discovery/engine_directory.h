// The cluster as a gateway sees it: which engines exist, which launches are under way, which engine
// a session is bound to. ZooKeeper is behind it in production (zookeeper_engine_directory.h), a map
// in unit tests (tests/fakes/in_memory_engine_directory.h); both pass the same contract tests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/engine_key.h"
#include "common/ids.h"
#include "common/result.h"

namespace foxfire::discovery {

// An engine's own registration: <root>/engines/<engine key>/<engine id>. A value type.
struct EngineRecord {
  EngineKey key;
  EngineId id;
  std::string host;  // of its Spark Connect port, as gateways reach it
  uint16_t port = 0;
  std::string spark_version;
  std::string application_id;
  std::string run_as;
  std::string ui_url;     // may be empty
  std::string host_name;  // HostName() of the machine that `pid` counts on; may be empty
  int64_t pid = 0;        // 0: not known
  WallTime started_at;
  // With which the engine and the gateways agree on its secret (docs/engine-contract.md); empty: it
  // got its secret by a file.
  std::string public_key;
  std::string submission_id;  // by which its cluster manager knows it; may be empty
  // What runs on it, of all gateways; as old as the last change that it has reported. -1: it does
  // not report that.
  int64_t sessions = -1;
  int64_t operations = -1;
  // Of an engine that somebody else has started and an administrator has registered: who did, and
  // the token that it asks for, sealed (auth/sealed_secret.h; empty: it asks for none). Nothing
  // but its node belongs to Foxfire: it is never adopted, asked to stop or ended.
  std::string registered_by;
  std::string sealed_secret;

  bool is_registered() const { return !registered_by.empty(); }
  // What its token is sealed for: another engine, place or owner has no use for it.
  std::string SealContext() const;

  bool operator==(const EngineRecord&) const = default;
  // But for sessions and operations.
  bool SameButLoad(const EngineRecord& other) const;
};

// A node that is not what it should be; kept for operators, ignored otherwise.
struct BrokenNode {
  std::string path;
  std::string why;

  bool operator==(const BrokenNode&) const = default;
};

// What was last read. Immutable, so it is shared between threads without a lock.
struct DirectoryView {
  bool synced = false;  // everything has been read at least once
  bool stale = false;   // ZooKeeper cannot be reached at the moment: this is how it was before
  std::map<EngineKey, std::vector<EngineRecord>> engines;  // oldest first; no empty vectors
  std::vector<BrokenNode> broken;

  // nullptr if there is none.
  const EngineRecord* Find(const EngineId& id) const;
};

// <root>/sessions/<user>/<session id>
struct SessionBinding {
  UserId user;
  SessionId session;
  EngineKey key;
  EngineId engine;
  WallTime created_at;
  WallTime used_at = {};  // as some gateway noted it last; epoch: not since created_at

  WallTime LastUse() const { return used_at == WallTime{} ? created_at : used_at; }
  bool operator==(const SessionBinding&) const = default;
};

// <root>/control/<engine id>: an order to an engine.
struct ControlCommand {
  std::string command = "stop";
  Duration grace{};    // how long the engine may finish what runs
  std::string reason;  // for the engine's log
  std::string by;      // the user who gave the order
};

// Everything but View() answers through its callback, exactly once, on the directory's own thread:
// callbacks copy and post, nothing else. While ZooKeeper is away operations fail with UNAVAILABLE
// at once. Thread-safe.
class EngineDirectory {
 public:
  template <typename T>
  using Callback = std::function<void(Result<T>)>;

  virtual ~EngineDirectory() = default;

  // Never blocks, never null.
  virtual std::shared_ptr<const DirectoryView> View() const = 0;
  // `listener` is called after every change of the view. Set once, before anything happens.
  virtual void OnChange(std::function<void()> listener) = 0;

  // Takes <root>/launches/<key> for this gateway: true, or false if another one has it (or this
  // one already). It goes with this gateway's ZooKeeper session.
  virtual void AcquireLaunchLock(const EngineKey& key, Callback<bool> done) = 0;
  // No error if it is not held.
  virtual void ReleaseLaunchLock(const EngineKey& key, Callback<void> done) = 0;
  // Answers when nobody holds the lock (any more).
  virtual void AwaitLaunchLockFree(const EngineKey& key, Callback<void> done) = 0;

  // The engines that are registered for the key at this moment; View() may be a moment behind.
  virtual void EnginesOf(const EngineKey& key, Callback<std::vector<EngineId>> done) = 0;

  virtual void FindSession(const UserId& user, const SessionId& session,
                           Callback<std::optional<SessionBinding>> done) = 0;
  // Writes the binding, or answers with the one that is there already: the first one counts.
  virtual void BindSession(const SessionBinding& binding, Callback<SessionBinding> done) = 0;
  // Notes in the binding that its session is in use (`used_at`, unless a later time is there).
  // NOT_FOUND: there is none any more. FAILED_PRECONDITION: it is bound to another engine, and
  // stays so.
  virtual void NoteSessionUse(const SessionBinding& binding, Callback<void> done) = 0;
  // No error if there is none.
  virtual void UnbindSession(const UserId& user, const SessionId& session, Callback<void> done) = 0;

  // Writes the command, over an older one.
  virtual void SendControl(const EngineId& engine, const ControlCommand& command,
                           Callback<void> done) = 0;
  // Removes what SendControl wrote; no error if there is nothing.
  virtual void ClearControl(const EngineId& engine, Callback<void> done) = 0;
  // Registers an engine that cannot do so itself; the node stays until it is removed.
  // ALREADY_EXISTS: there is one with its id.
  virtual void PutEngine(const EngineRecord& record, Callback<void> done) = 0;
  // Removes the registration of an engine that is known to be dead; no error if it is gone.
  virtual void RemoveEngine(const EngineKey& key, const EngineId& engine, Callback<void> done) = 0;
};

}  // namespace foxfire::discovery
