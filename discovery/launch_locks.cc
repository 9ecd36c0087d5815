#include "discovery/launch_locks.h"

#include <fmt/format.h>

#include <utility>

#include "common/log.h"

namespace foxfire::discovery {
namespace {

// The lock is released by others just when we look; so often in a row is no accident.
constexpr int kAttempts = 5;

}  // namespace

LaunchLocks::LaunchLocks(NodeClient& client, const NodeLayout& layout,
                         std::function<std::string()> make_data)
    : client_(client), layout_(layout), make_data_(std::move(make_data)) {}

void LaunchLocks::Enqueue(const EngineKey& key, std::function<void()> step) {
  Lock& lock = locks_[key];
  lock.steps.push_back(std::move(step));
  if (lock.busy) return;
  lock.busy = true;
  // A copy: a step that ends at once takes itself out of the queue while it runs.
  const auto first = lock.steps.front();
  first();
}

void LaunchLocks::Next(const EngineKey& key) {
  const auto found = locks_.find(key);
  Lock& lock = found->second;
  lock.steps.pop_front();
  if (!lock.steps.empty()) {
    const auto step = lock.steps.front();
    return step();
  }
  lock.busy = false;
  if (!lock.held && !lock.doubtful) locks_.erase(found);
}

void LaunchLocks::Acquire(const EngineKey& key, Callback<bool> done) {
  Enqueue(key, [this, key, done = std::move(done)] { TryAcquire(key, kAttempts, done); });
}

void LaunchLocks::TryAcquire(const EngineKey& key, int attempts_left, Callback<bool> done) {
  client_.Create(layout_.Launch(key), make_data_(), NodeKind::kEphemeral,
                 [this, key, attempts_left, done = std::move(done)](Result<void> created) {
                   Lock& lock = locks_.at(key);
                   if (!created && created.error().code == Code::kAlreadyExists)
                     return TakeOver(key, attempts_left, done);
                   if (created) {
                     lock.held = true;
                     lock.doubtful = false;
                   } else if (created.error().code == Code::kUnavailable) {
                     lock.doubtful = true;
                   }
                   done(created.map([] { return true; }));
                   Next(key);
                 });
}

void LaunchLocks::TakeOver(const EngineKey& key, int attempts_left, Callback<bool> done) {
  client_.Exists(
      layout_.Launch(key), false,
      [this, key, attempts_left, done = std::move(done)](Result<std::optional<NodeStat>> stat) {
        if (stat && !*stat && attempts_left > 0) return TryAcquire(key, attempts_left - 1, done);
        Lock& lock = locks_.at(key);
        const bool is_ours = stat && *stat && (*stat)->ephemeral_owner == client_.session_id();
        if (!stat) {
          done(tl::unexpected(stat.error()));
        } else if (is_ours && !lock.held) {
          lock.held = true;  // made by an Acquire whose answer was lost
          lock.doubtful = false;
          done(true);
        } else {
          done(false);
        }
        Next(key);
      });
}

void LaunchLocks::Release(const EngineKey& key, Callback<void> done) {
  Enqueue(key, [this, key, done = std::move(done)] {
    Lock& lock = locks_.at(key);
    if (!lock.held) {
      done({});
      return Next(key);
    }
    lock.held = false;
    DeleteOwn(key, done);
  });
}

void LaunchLocks::DeleteOwn(const EngineKey& key, Callback<void> done) {
  RemoveNode(client_, layout_.Launch(key), [this, key, done = std::move(done)](Result<void> gone) {
    locks_.at(key).doubtful = !gone && gone.error().code == Code::kUnavailable;
    done(std::move(gone));
    Next(key);
  });
}

void LaunchLocks::ClearUp(const EngineKey& key) {
  if (locks_.at(key).held || !locks_.at(key).doubtful) return Next(key);
  client_.Exists(layout_.Launch(key), false, [this, key](Result<std::optional<NodeStat>> stat) {
    if (!stat) return Next(key);  // still doubtful: after the next connection
    locks_.at(key).doubtful = false;
    if (!*stat || (*stat)->ephemeral_owner != client_.session_id()) return Next(key);
    Log("discovery").info("launch lock given back key={}", key.ToString());
    DeleteOwn(key, [](Result<void>) {});
  });
}

void LaunchLocks::AwaitFree(const EngineKey& key, Callback<void> done) {
  waiting_[key].push_back(std::move(done));
  CheckFree(key);
}

void LaunchLocks::CheckFree(const EngineKey& key) {
  client_.Exists(layout_.Launch(key), true, [this, key](Result<std::optional<NodeStat>> stat) {
    if (stat && *stat) return;  // the watch tells when it goes
    const auto waiters = waiting_.extract(key);
    if (waiters.empty()) return;
    for (const auto& done : waiters.mapped()) {
      if (stat) {
        done({});
      } else {
        done(tl::unexpected(stat.error()));
      }
    }
  });
}

void LaunchLocks::Connected(bool is_new_session) {
  std::vector<EngineKey> doubtful;
  for (auto& [key, lock] : locks_) {
    if (is_new_session) {
      if (lock.held) Log("discovery").warn("launch lock lost key={}", key.ToString());
      lock.held = lock.doubtful = false;
    }
    if (lock.doubtful) doubtful.push_back(key);
  }
  std::erase_if(locks_, [](const auto& entry) {
    return !entry.second.held && !entry.second.doubtful && !entry.second.busy;
  });
  for (const EngineKey& key : doubtful) Enqueue(key, [this, key] { ClearUp(key); });
}

void LaunchLocks::Disconnected() {
  std::map<EngineKey, std::vector<Callback<void>>> waiting;
  waiting.swap(waiting_);
  for (const auto& [key, waiters] : waiting) {
    for (const auto& done : waiters) {
      done(MakeError(Code::kUnavailable,
                     "waiting for another gateway's launch: the connection to ZooKeeper is lost"));
    }
  }
}

void LaunchLocks::HandleEvent(const std::string& path) {
  for (const auto& [key, waiters] : waiting_) {
    if (layout_.Launch(key) == path) return CheckFree(EngineKey(key));
  }
}

}  // namespace foxfire::discovery
