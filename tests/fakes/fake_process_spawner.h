// Processes that are none.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "engine_launcher/process_spawner.h"

namespace foxfire::launcher {

// A program writes what the test says and ends when the test says so. Its pids are above what Linux
// gives out, so that a signal never reaches a real process. Thread-safe.
class FakeProcessSpawner final : public ProcessSpawner {
 public:
  struct Outcome {
    std::string output;
    std::optional<ProcessEnd> end = std::nullopt;  // nullopt: runs until End()
  };
  using Behaviour = std::function<Result<Outcome>(const ProcessSpec&)>;

  static constexpr ProcessEnd kSuccess{ProcessEnd::Kind::kExited, 0};

  // Called for every Spawn; without it programs just run.
  void Behave(Behaviour behaviour) {
    MutexLock lock(mutex_);
    behaviour_ = std::move(behaviour);
  }

  Result<SpawnedProcess> Spawn(const ProcessSpec& spec) override {
    Behaviour behaviour;
    {
      MutexLock lock(mutex_);
      behaviour = behaviour_;
    }
    Outcome outcome;
    if (behaviour) {
      ASSIGN_OR_RETURN(outcome, behaviour(spec));
    }
    if (spec.output_fd >= 0 && !outcome.output.empty()) {
      const ssize_t written = write(spec.output_fd, outcome.output.data(), outcome.output.size());
      if (written < 0) return MakeError(Code::kInternal, "the output cannot be written to");
    }
    UniqueFd pidfd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    MutexLock lock(mutex_);
    const int64_t pid = next_pid_++;
    processes_[pid] = {UniqueFd(dup(pidfd.get())), pidfd.get(), ProcessEnd{}};
    specs_.push_back(spec);
    started_.NotifyAll();
    if (outcome.end) EndLocked(pid, *outcome.end);
    return SpawnedProcess{pid, std::move(pidfd)};
  }

  ProcessEnd Reap(const UniqueFd& pidfd) override {
    MutexLock lock(mutex_);
    for (auto found = processes_.begin(); found != processes_.end(); ++found) {
      if (found->second.pidfd != pidfd.get()) continue;
      const ProcessEnd end = found->second.end;
      processes_.erase(found);
      return end;
    }
    return {};
  }

  void End(int64_t pid, ProcessEnd end) {
    MutexLock lock(mutex_);
    EndLocked(pid, end);
  }

  // What was started so far, short commands included.
  std::vector<ProcessSpec> specs() const {
    MutexLock lock(mutex_);
    return specs_;
  }
  // False if fewer than `count` were started within 10 s.
  bool AwaitStarted(size_t count) {
    const SteadyDeadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    MutexLock lock(mutex_);
    while (specs_.size() < count) {
      if (!started_.WaitUntil(mutex_, deadline) && specs_.size() < count) return false;
    }
    return true;
  }

 private:
  using SteadyDeadline = std::chrono::steady_clock::time_point;
  struct Process {
    UniqueFd ended;
    int pidfd = -1;  // the number of the descriptor that the caller holds
    ProcessEnd end;
  };

  void EndLocked(int64_t pid, ProcessEnd end) REQUIRES(mutex_) {
    const auto found = processes_.find(pid);
    if (found == processes_.end()) return;
    found->second.end = end;
    eventfd_write(found->second.ended.get(), 1);
  }

  mutable Mutex mutex_;
  ConditionVariable started_;
  Behaviour behaviour_ GUARDED_BY(mutex_);
  int64_t next_pid_ GUARDED_BY(mutex_) = 5'000'001;
  std::map<int64_t, Process> processes_ GUARDED_BY(mutex_);
  std::vector<ProcessSpec> specs_ GUARDED_BY(mutex_);
};

}  // namespace foxfire::launcher
