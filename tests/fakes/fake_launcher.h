// An EngineLauncher without processes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "engine_launcher/engine_launcher.h"

namespace foxfire::launcher {

// Launches succeed at once unless the test says otherwise; engines end when the test says so, or
// with "signal 9" by Kill. Callbacks come on the calling thread. Thread-safe.
class FakeLauncher final : public EngineLauncher {
 public:
  void OnExit(std::function<void(EngineExit)> listener) override {
    MutexLock lock(mutex_);
    listener_ = std::move(listener);
  }

  void Launch(LaunchRequest request, std::function<void(Result<int64_t>)> started) override {
    Result<int64_t> answer = 0;
    {
      MutexLock lock(mutex_);
      launches_.push_back(request);
      if (failure_) {
        answer = tl::unexpected(*failure_);
      } else {
        answer = next_pid_++;
        running_[request.id] = *answer;
      }
      if (holding_) {
        held_.emplace_back(std::move(started), answer);
        return;
      }
    }
    started(std::move(answer));
  }

  // Spares are started like engines, and ready when the test says so.
  void LaunchSpare(SpareRequest request, std::function<void(Result<int64_t>)> started,
                   std::function<void()> ready) override {
    Result<int64_t> answer = 0;
    {
      MutexLock lock(mutex_);
      spares_.push_back(request);
      if (failure_) {
        answer = tl::unexpected(*failure_);
      } else {
        answer = next_pid_++;
        running_[request.id] = *answer;
        ready_[request.id] = std::move(ready);
      }
    }
    started(std::move(answer));
  }
  void BindSpare(LaunchRequest request, std::function<void(Result<void>)> bound) override {
    bool is_there = false;
    {
      MutexLock lock(mutex_);
      bound_.push_back(request);
      is_there = running_.count(request.id) > 0;
    }
    if (is_there) return bound({});
    bound(MakeError(Code::kNotFound, "no spare " + request.id.str()));
  }

  // An adopted engine runs unless the test said before that its pid is gone.
  void Adopt(const EngineId& id, int64_t pid) override {
    {
      MutexLock lock(mutex_);
      adopted_[id] = pid;
      if (gone_.count(pid) == 0) {
        running_[id] = pid;
        return;
      }
    }
    Report({id, "exit status unknown"});
  }

  Result<void> Kill(const EngineId& id) override {
    {
      MutexLock lock(mutex_);
      if (running_.count(id) == 0) return MakeError(Code::kNotFound, "no engine " + id.str());
      killed_.push_back(id);
    }
    if (kills_work()) End(id, "signal 9");
    return {};
  }

  void KillRemote(RemoteEngine engine, std::function<void(Result<RemoteEnd>)> done) override {
    Result<RemoteEnd> answer = RemoteEnd::kEnded;
    {
      MutexLock lock(mutex_);
      remote_kills_.push_back(std::move(engine));
      answer = remote_answer_;
      if (holding_remote_kills_) {
        held_remote_kills_.emplace_back(std::move(done), std::move(answer));
        return;
      }
    }
    done(std::move(answer));
  }

  Result<std::string> LogTail(const EngineId& id, size_t /*lines*/) const override {
    MutexLock lock(mutex_);
    const auto found = logs_.find(id);
    if (found != logs_.end()) return found->second;
    if (default_log_) return *default_log_;
    return MakeError(Code::kNotFound, "engine " + id.str() + " has no log on this machine");
  }

  std::optional<uint64_t> ResidentBytes(int64_t pid) const override {
    MutexLock lock(mutex_);
    for (const auto& [id, running] : running_) {
      if (running == pid) return resident_bytes_;
    }
    return std::nullopt;
  }

  // What the test says.
  void SetReady(const EngineId& spare) {
    std::function<void()> ready;
    {
      MutexLock lock(mutex_);
      ready = ready_.at(spare);
    }
    ready();
  }
  void FailLaunches(std::optional<Error> failure) {
    MutexLock lock(mutex_);
    failure_ = std::move(failure);
  }
  void FailRemoteKills(const Error& failure) {
    MutexLock lock(mutex_);
    remote_answer_ = tl::unexpected(failure);
  }
  void FindNoneToKillRemotely() {
    MutexLock lock(mutex_);
    remote_answer_ = RemoteEnd::kNotFound;
  }
  // Remote kills are not answered before ReleaseRemoteKills().
  void HoldRemoteKills() {
    MutexLock lock(mutex_);
    holding_remote_kills_ = true;
  }
  void ReleaseRemoteKills() {
    std::vector<std::pair<std::function<void(Result<RemoteEnd>)>, Result<RemoteEnd>>> held;
    {
      MutexLock lock(mutex_);
      holding_remote_kills_ = false;
      held.swap(held_remote_kills_);
    }
    for (auto& [done, answer] : held) done(std::move(answer));
  }
  // Launches are not answered before ReleaseLaunches().
  void HoldLaunches() {
    MutexLock lock(mutex_);
    holding_ = true;
  }
  void ReleaseLaunches() {
    std::vector<std::pair<std::function<void(Result<int64_t>)>, Result<int64_t>>> held;
    {
      MutexLock lock(mutex_);
      holding_ = false;
      held.swap(held_);
    }
    for (auto& [started, answer] : held) started(std::move(answer));
  }
  // The process ends by itself.
  void End(const EngineId& id, const std::string& how) {
    {
      MutexLock lock(mutex_);
      running_.erase(id);
    }
    Report({id, how});
  }
  void SetGone(int64_t pid) {
    MutexLock lock(mutex_);
    gone_[pid] = true;
  }
  void IgnoreKills() {
    MutexLock lock(mutex_);
    kills_work_ = false;
  }
  void SetLog(const EngineId& id, const std::string& text) {
    MutexLock lock(mutex_);
    logs_[id] = text;
  }
  // For engines that have none of their own.
  void SetLog(const std::string& text) {
    MutexLock lock(mutex_);
    default_log_ = text;
  }
  void SetResidentBytes(uint64_t bytes) {
    MutexLock lock(mutex_);
    resident_bytes_ = bytes;
  }

  // What has happened.
  std::vector<LaunchRequest> launches() const {
    MutexLock lock(mutex_);
    return launches_;
  }
  std::vector<SpareRequest> spares() const {
    MutexLock lock(mutex_);
    return spares_;
  }
  std::vector<LaunchRequest> bound() const {
    MutexLock lock(mutex_);
    return bound_;
  }
  std::map<EngineId, int64_t> adopted() const {
    MutexLock lock(mutex_);
    return adopted_;
  }
  std::map<EngineId, int64_t> running() const {
    MutexLock lock(mutex_);
    return running_;
  }
  std::vector<RemoteEngine> remote_kills() const {
    MutexLock lock(mutex_);
    return remote_kills_;
  }
  std::vector<EngineId> killed_remote() const {
    std::vector<EngineId> killed;
    for (const RemoteEngine& engine : remote_kills()) killed.push_back(engine.id);
    return killed;
  }
  std::vector<EngineId> killed() const {
    MutexLock lock(mutex_);
    return killed_;
  }

 private:
  bool kills_work() const {
    MutexLock lock(mutex_);
    return kills_work_;
  }
  void Report(EngineExit end) {
    std::function<void(EngineExit)> listener;
    {
      MutexLock lock(mutex_);
      listener = listener_;
    }
    if (listener) listener(std::move(end));
  }

  mutable Mutex mutex_;
  std::function<void(EngineExit)> listener_ GUARDED_BY(mutex_);
  std::optional<Error> failure_ GUARDED_BY(mutex_);
  Result<RemoteEnd> remote_answer_ GUARDED_BY(mutex_) = RemoteEnd::kEnded;
  bool holding_ GUARDED_BY(mutex_) = false;
  bool holding_remote_kills_ GUARDED_BY(mutex_) = false;
  bool kills_work_ GUARDED_BY(mutex_) = true;
  int64_t next_pid_ GUARDED_BY(mutex_) = 5'000'001;
  uint64_t resident_bytes_ GUARDED_BY(mutex_) = uint64_t{300} << 20;
  std::vector<LaunchRequest> launches_ GUARDED_BY(mutex_);
  std::vector<std::pair<std::function<void(Result<int64_t>)>, Result<int64_t>>> held_
      GUARDED_BY(mutex_);
  std::vector<SpareRequest> spares_ GUARDED_BY(mutex_);
  std::map<EngineId, std::function<void()>> ready_ GUARDED_BY(mutex_);
  std::vector<std::pair<std::function<void(Result<RemoteEnd>)>, Result<RemoteEnd>>>
      held_remote_kills_ GUARDED_BY(mutex_);
  std::vector<LaunchRequest> bound_ GUARDED_BY(mutex_);
  std::map<EngineId, int64_t> running_ GUARDED_BY(mutex_);
  std::map<EngineId, int64_t> adopted_ GUARDED_BY(mutex_);
  std::map<int64_t, bool> gone_ GUARDED_BY(mutex_);
  std::vector<EngineId> killed_ GUARDED_BY(mutex_);
  std::vector<RemoteEngine> remote_kills_ GUARDED_BY(mutex_);
  std::map<EngineId, std::string> logs_ GUARDED_BY(mutex_);
  std::optional<std::string> default_log_ GUARDED_BY(mutex_);
};

}  // namespace foxfire::launcher
