// An Executor whose thread is the test itself.
#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include "common/executor.h"
#include "common/mutex.h"
#include "tests/fakes/fake_clock.h"

namespace foxfire {

// Runs tasks inside RunUntilIdle() and Advance(), on the caller's thread and in the order of
// TaskThread: first due, first run; of those due at the same time the first posted. Tasks that have
// not run when it is destroyed are forgotten. Post, PostAt and Cancel are thread-safe; the others
// are for one thread.
class FakeExecutor final : public Executor {
 public:
  // `clock` must outlive this; Advance() moves it.
  explicit FakeExecutor(FakeClock& clock) : clock_(clock) {}

  void Post(Task task) override { PostAt(SteadyTime::min(), std::move(task)); }
  TimerId PostAt(SteadyTime due, Task task) override;
  void Cancel(TimerId timer) override;
  const Clock& clock() const override { return clock_; }

  // Runs what is due now, with what those tasks post, until nothing is due.
  void RunUntilIdle();
  // Moves the clock from one timer to the next and runs each at its own time.
  void Advance(Duration duration);

  // Tasks and timers that have not run.
  size_t pending() const EXCLUDES(mutex_);

 private:
  using Due = std::pair<SteadyTime, TimerId>;

  // Runs the first task that is due by `deadline`; false if there is none.
  bool RunOne(SteadyTime deadline) EXCLUDES(mutex_);

  FakeClock& clock_;
  mutable Mutex mutex_;
  TimerId next_ GUARDED_BY(mutex_) = 1;
  std::map<Due, Task> tasks_ GUARDED_BY(mutex_);
};

inline TimerId FakeExecutor::PostAt(SteadyTime due, Task task) {
  MutexLock lock(mutex_);
  const TimerId id = next_++;
  tasks_.emplace(Due(due, id), std::move(task));
  return id;
}

inline void FakeExecutor::Cancel(TimerId timer) {
  Task dropped;  // destroyed after the lock is released: it may own things that call back
  MutexLock lock(mutex_);
  for (auto task = tasks_.begin(); task != tasks_.end(); ++task) {
    if (task->first.second != timer) continue;
    dropped = std::move(task->second);
    tasks_.erase(task);
    return;
  }
}

inline void FakeExecutor::RunUntilIdle() {
  while (RunOne(clock_.Now())) {
  }
}

inline void FakeExecutor::Advance(Duration duration) {
  const SteadyTime end = clock_.Now() + duration;
  while (RunOne(end)) {
  }
  if (clock_.Now() < end) clock_.Advance(end - clock_.Now());
}

inline size_t FakeExecutor::pending() const {
  MutexLock lock(mutex_);
  return tasks_.size();
}

inline bool FakeExecutor::RunOne(SteadyTime deadline) {
  Task task;
  {
    MutexLock lock(mutex_);
    const auto first = tasks_.begin();
    if (first == tasks_.end() || first->first.first > deadline) return false;
    if (first->first.first > clock_.Now()) clock_.Advance(first->first.first - clock_.Now());
    task = std::move(first->second);
    tasks_.erase(first);
  }
  task();
  return true;
}

}  // namespace foxfire
