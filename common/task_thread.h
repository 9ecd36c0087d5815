// The real Executor: one named thread.
#pragma once

#include <map>
#include <string>
#include <thread>
#include <utility>

#include "common/executor.h"
#include "common/mutex.h"

namespace foxfire {

// Starts its thread at construction. Stop() (or the destructor) lets the task that runs finish,
// forgets the others and joins. Thread-safe.
class TaskThread final : public Executor {
 public:
  // `name`: as shown by ps -L, at most 15 characters. `clock` must outlive this.
  TaskThread(const std::string& name, const Clock& clock);
  ~TaskThread() override;

  void Post(Task task) override { PostAt(SteadyTime::min(), std::move(task)); }
  TimerId PostAt(SteadyTime due, Task task) override;
  void Cancel(TimerId timer) override;
  const Clock& clock() const override { return clock_; }

  // Must not be called from a task.
  void Stop();

 private:
  void Run();

  const Clock& clock_;
  Mutex joining_;  // before mutex_; held while joining: a second Stop() waits for the first
  Mutex mutex_;
  ConditionVariable changed_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  TimerId next_ GUARDED_BY(mutex_) = 1;
  std::map<std::pair<SteadyTime, TimerId>, Task> tasks_ GUARDED_BY(mutex_);
  std::map<TimerId, SteadyTime> due_ GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses all of the above
};

// Names the calling thread for ps -L and debuggers.
void NameThisThread(const std::string& name);

}  // namespace foxfire
