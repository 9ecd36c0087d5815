// An EngineDirectory without ZooKeeper.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/executor.h"
#include "common/mutex.h"
#include "discovery/engine_directory.h"

namespace foxfire::discovery {

// Operations take effect when they are called; their answers and the listener run on `executor`, in
// order. Starts synced and fresh. Thread-safe, but OnChange() comes first.
class InMemoryEngineDirectory final : public EngineDirectory {
 public:
  enum class Op {
    kAcquireLaunchLock,
    kReleaseLaunchLock,
    kAwaitLaunchLockFree,
    kEnginesOf,
    kFindSession,
    kBindSession,
    kNoteSessionUse,
    kUnbindSession,
    kSendControl,
    kClearControl,
    kPutEngine,
    kRemoveEngine
  };

  // `executor` must outlive this, and must not run its tasks any more once this is destroyed.
  explicit InMemoryEngineDirectory(Executor& executor) : executor_(executor) {}

  // What engines do.
  void AddEngine(const EngineRecord& record) EXCLUDES(mutex_);
  void DropEngine(const EngineId& id) EXCLUDES(mutex_);
  // One that EnginesOf tells of, whatever the key, and the view does not show (yet).
  void AddUnseen(const EngineId& id) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    unseen_.push_back(id);
  }
  // Another gateway takes or gives back a launch lock.
  void HoldLockElsewhere(const EngineKey& key) EXCLUDES(mutex_);
  void FreeLockElsewhere(const EngineKey& key) EXCLUDES(mutex_);
  std::optional<SessionBinding> BindingOf(const UserId& user, const SessionId& session) const
      EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = sessions_.find({user, session});
    if (found == sessions_.end()) return std::nullopt;
    return found->second;
  }
  // What ZooKeeper does. While stale, all operations fail with UNAVAILABLE.
  void SetStale(bool stale) EXCLUDES(mutex_);
  void SetSynced(bool synced) EXCLUDES(mutex_);
  void ExpireSession() EXCLUDES(mutex_);  // this gateway's locks are lost
  // The next `op` fails with `error` and has no effect; several calls fail several.
  void FailNext(Op op, Error error) EXCLUDES(mutex_);

  // What was sent and not cleared.
  std::optional<ControlCommand> Control(const EngineId& id) const EXCLUDES(mutex_);
  bool HoldsLock(const EngineKey& key) const EXCLUDES(mutex_);
  size_t sessions() const EXCLUDES(mutex_);

  std::shared_ptr<const DirectoryView> View() const override EXCLUDES(mutex_);
  void OnChange(std::function<void()> listener) override { listener_ = std::move(listener); }

  void AcquireLaunchLock(const EngineKey& key, Callback<bool> done) override;
  void ReleaseLaunchLock(const EngineKey& key, Callback<void> done) override;
  void AwaitLaunchLockFree(const EngineKey& key, Callback<void> done) override;
  void EnginesOf(const EngineKey& key, Callback<std::vector<EngineId>> done) override;
  void FindSession(const UserId& user, const SessionId& session,
                   Callback<std::optional<SessionBinding>> done) override;
  void BindSession(const SessionBinding& binding, Callback<SessionBinding> done) override;
  void NoteSessionUse(const SessionBinding& binding, Callback<void> done) override;
  void UnbindSession(const UserId& user, const SessionId& session, Callback<void> done) override;
  void SendControl(const EngineId& engine, const ControlCommand& command,
                   Callback<void> done) override;
  void ClearControl(const EngineId& engine, Callback<void> done) override;
  void PutEngine(const EngineRecord& record, Callback<void> done) override;
  void RemoveEngine(const EngineKey& key, const EngineId& engine, Callback<void> done) override;

 private:
  enum class Holder { kThis, kOther };

  template <typename T>
  void Answer(const Callback<T>& done, Result<T> answer) {
    executor_.Post([done, answer = std::move(answer)] { done(answer); });
  }
  // Why `op` fails now.
  std::optional<Error> Failure(Op op) REQUIRES(mutex_);
  template <typename Change>
  void ChangeView(Change change) REQUIRES(mutex_);
  void Free(const EngineKey& key) REQUIRES(mutex_);
  void FailWaiters() REQUIRES(mutex_);
  void Add(const EngineRecord& record) REQUIRES(mutex_);
  static void Erase(DirectoryView& view, const EngineId& id);

  Executor& executor_;
  std::function<void()> listener_;

  mutable Mutex mutex_;
  std::shared_ptr<const DirectoryView> view_ GUARDED_BY(mutex_) =
      std::make_shared<const DirectoryView>(DirectoryView{true, false, {}, {}});
  std::vector<EngineId> unseen_ GUARDED_BY(mutex_);
  std::map<EngineKey, Holder> locks_ GUARDED_BY(mutex_);
  std::map<EngineKey, std::vector<Callback<void>>> waiting_ GUARDED_BY(mutex_);
  std::map<std::pair<UserId, SessionId>, SessionBinding> sessions_ GUARDED_BY(mutex_);
  std::map<EngineId, ControlCommand> controls_ GUARDED_BY(mutex_);
  std::map<Op, std::deque<Error>> failures_ GUARDED_BY(mutex_);
};

inline std::optional<Error> InMemoryEngineDirectory::Failure(Op op) {
  if (view_->stale) return Error{Code::kUnavailable, "ZooKeeper cannot be reached"};
  std::deque<Error>& failures = failures_[op];
  if (failures.empty()) return std::nullopt;
  const Error error = failures.front();
  failures.pop_front();
  return error;
}

template <typename Change>
void InMemoryEngineDirectory::ChangeView(Change change) {
  auto view = std::make_shared<DirectoryView>(*view_);
  change(*view);
  view_ = std::move(view);
  executor_.Post([this] {
    if (listener_) listener_();
  });
}

inline void InMemoryEngineDirectory::Erase(DirectoryView& view, const EngineId& id) {
  for (auto& [key, records] : view.engines)
    std::erase_if(records, [&](const EngineRecord& record) { return record.id == id; });
  std::erase_if(view.engines, [](const auto& entry) { return entry.second.empty(); });
}

inline void InMemoryEngineDirectory::AddEngine(const EngineRecord& record) {
  MutexLock lock(mutex_);
  Add(record);
}

inline void InMemoryEngineDirectory::Add(const EngineRecord& record) {
  ChangeView([&](DirectoryView& view) {
    Erase(view, record.id);
    std::vector<EngineRecord>& records = view.engines[record.key];
    records.push_back(record);
    std::sort(records.begin(), records.end(), [](const EngineRecord& a, const EngineRecord& b) {
      return std::tie(a.started_at, a.id) < std::tie(b.started_at, b.id);
    });
  });
}

inline void InMemoryEngineDirectory::DropEngine(const EngineId& id) {
  MutexLock lock(mutex_);
  ChangeView([&](DirectoryView& view) { Erase(view, id); });
}

inline void InMemoryEngineDirectory::HoldLockElsewhere(const EngineKey& key) {
  MutexLock lock(mutex_);
  locks_[key] = Holder::kOther;
}

inline void InMemoryEngineDirectory::FreeLockElsewhere(const EngineKey& key) {
  MutexLock lock(mutex_);
  Free(key);
}

inline void InMemoryEngineDirectory::SetStale(bool stale) {
  MutexLock lock(mutex_);
  ChangeView([&](DirectoryView& view) { view.stale = stale; });
  if (stale) FailWaiters();
}

inline void InMemoryEngineDirectory::SetSynced(bool synced) {
  MutexLock lock(mutex_);
  ChangeView([&](DirectoryView& view) { view.synced = synced; });
}

inline void InMemoryEngineDirectory::ExpireSession() {
  MutexLock lock(mutex_);
  std::vector<EngineKey> lost;
  for (const auto& [key, holder] : locks_) {
    if (holder == Holder::kThis) lost.push_back(key);
  }
  for (const EngineKey& key : lost) Free(key);
}

inline void InMemoryEngineDirectory::FailNext(Op op, Error error) {
  MutexLock lock(mutex_);
  failures_[op].push_back(std::move(error));
}

inline std::optional<ControlCommand> InMemoryEngineDirectory::Control(const EngineId& id) const {
  MutexLock lock(mutex_);
  const auto found = controls_.find(id);
  if (found == controls_.end()) return std::nullopt;
  return found->second;
}

inline bool InMemoryEngineDirectory::HoldsLock(const EngineKey& key) const {
  MutexLock lock(mutex_);
  const auto found = locks_.find(key);
  return found != locks_.end() && found->second == Holder::kThis;
}

inline size_t InMemoryEngineDirectory::sessions() const {
  MutexLock lock(mutex_);
  return sessions_.size();
}

inline std::shared_ptr<const DirectoryView> InMemoryEngineDirectory::View() const {
  MutexLock lock(mutex_);
  return view_;
}

inline void InMemoryEngineDirectory::Free(const EngineKey& key) {
  locks_.erase(key);
  for (const auto& done : waiting_[key]) Answer<void>(done, {});
  waiting_.erase(key);
}

inline void InMemoryEngineDirectory::FailWaiters() {
  for (const auto& [key, waiters] : waiting_) {
    for (const auto& done : waiters)
      Answer<void>(done, MakeError(Code::kUnavailable, "ZooKeeper cannot be reached"));
  }
  waiting_.clear();
}

inline void InMemoryEngineDirectory::AcquireLaunchLock(const EngineKey& key, Callback<bool> done) {
  MutexLock lock(mutex_);
  if (const auto error = Failure(Op::kAcquireLaunchLock))
    return Answer<bool>(done, tl::unexpected(*error));
  Answer<bool>(done, locks_.emplace(key, Holder::kThis).second);
}

inline void InMemoryEngineDirectory::ReleaseLaunchLock(const EngineKey& key, Callback<void> done) {
  MutexLock lock(mutex_);
  const auto error = Failure(Op::kReleaseLaunchLock);
  const auto found = locks_.find(key);
  // As with the real one, a lock that is released while ZooKeeper is away does not stay.
  if (found != locks_.end() && found->second == Holder::kThis) Free(key);
  if (error) return Answer<void>(done, tl::unexpected(*error));
  Answer<void>(done, {});
}

inline void InMemoryEngineDirectory::AwaitLaunchLockFree(const EngineKey& key,
                                                         Callback<void> done) {
  MutexLock lock(mutex_);
  if (const auto error = Failure(Op::kAwaitLaunchLockFree))
    return Answer<void>(done, tl::unexpected(*error));
  if (locks_.count(key) == 0) return Answer<void>(done, {});
  waiting_[key].push_back(std::move(done));
}

inline void InMemoryEngineDirectory::EnginesOf(const EngineKey& key,
                                               Callback<std::vector<EngineId>> done) {
  using Ids = std::vector<EngineId>;
  MutexLock lock(mutex_);
  if (const auto error = Failure(Op::kEnginesOf)) return Answer<Ids>(done, tl::unexpected(*error));
  Ids ids = unseen_;
  const auto found = view_->engines.find(key);
  if (found != view_->engines.end()) {
    for (const EngineRecord& record : found->second) ids.push_back(record.id);
  }
  Answer<Ids>(done, std::move(ids));
}

inline void InMemoryEngineDirectory::FindSession(const UserId& user, const SessionId& session,
                                                 Callback<std::optional<SessionBinding>> done) {
  using Found = std::optional<SessionBinding>;
  MutexLock lock(mutex_);
  if (const auto error = Failure(Op::kFindSession))
    return Answer<Found>(done, tl::unexpected(*error));
  const auto found = sessions_.find({user, session});
  Answer<Found>(done, found == sessions_.end() ? Found() : Found(found->second));
}

inline void InMemoryEngineDirectory::BindSession(const SessionBinding& binding,
                                                 Callback<SessionBinding> done) {
  MutexLock lock(mutex_);
  if (const auto error = Failure(Op::kBindSession))
    return Answer<SessionBinding>(done, tl::unexpected(*error));
  const auto [entry, is_first] =
      sessions_.emplace(std::pair(binding.user, binding.session), binding);
  Answer<SessionBinding>(done, entry->second);
}

inline void InMemoryEngineDirectory::NoteSessionUse(const SessionBinding& binding,
                                                    Callback<void> done) {
  MutexLock lock(mutex_);
  if (const auto error = Failure(Op::kNoteSessionUse))
    return Answer<void>(done, tl::unexpected(*error));
  const auto found = sessions_.find({binding.user, binding.session});
  if (found == sessions_.end()) return Answer<void>(done, MakeError(Code::kNotFound, "not bound"));
  SessionBinding& there = found->second;
  if (there.engine != binding.engine)
    return Answer<void>(done, MakeError(Code::kFailedPrecondition, "bound to another engine"));
  there.used_at = std::max(there.used_at, binding.used_at);
  Answer<void>(done, {});
}

inline void InMemoryEngineDirectory::UnbindSession(const UserId& user, const SessionId& session,
                                                   Callback<void> done) {
  MutexLock lock(mutex_);
  if (const auto error = Failure(Op::kUnbindSession))
    return Answer<void>(done, tl::unexpected(*error));
  sessions_.erase({user, session});
  Answer<void>(done, {});
}

inline void InMemoryEngineDirectory::SendControl(const EngineId& engine,
                                                 const ControlCommand& command,
                                                 Callback<void> done) {
  MutexLock lock(mutex_);
  if (const auto error = Failure(Op::kSendControl))
    return Answer<void>(done, tl::unexpected(*error));
  controls_[engine] = command;
  Answer<void>(done, {});
}

inline void InMemoryEngineDirectory::ClearControl(const EngineId& engine, Callback<void> done) {
  MutexLock lock(mutex_);
  if (const auto error = Failure(Op::kClearControl))
    return Answer<void>(done, tl::unexpected(*error));
  controls_.erase(engine);
  Answer<void>(done, {});
}

inline void InMemoryEngineDirectory::PutEngine(const EngineRecord& record, Callback<void> done) {
  MutexLock lock(mutex_);
  if (const auto error = Failure(Op::kPutEngine)) return Answer<void>(done, tl::unexpected(*error));
  if (view_->Find(record.id) != nullptr)
    return Answer<void>(done, MakeError(Code::kAlreadyExists, "there is such an engine"));
  Add(record);
  Answer<void>(done, {});
}

inline void InMemoryEngineDirectory::RemoveEngine(const EngineKey&, const EngineId& engine,
                                                  Callback<void> done) {
  MutexLock lock(mutex_);
  if (const auto error = Failure(Op::kRemoveEngine))
    return Answer<void>(done, tl::unexpected(*error));
  ChangeView([&](DirectoryView& view) { Erase(view, engine); });
  Answer<void>(done, {});
}

}  // namespace foxfire::discovery
