// The thread on which processes are started, waited for and looked after.
#pragma once

#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "common/executor.h"
#include "common/mutex.h"
#include "common/unique_fd.h"
#include "engine_launcher/process_spawner.h"

namespace foxfire::launcher {

// An Executor, named "launch", that also waits for processes. Starts at construction; Stop() (or
// the destructor) lets the task that runs finish, forgets the others and joins; processes go on.
// Stop it before what its tasks and listeners use is destroyed. Thread-safe.
class LaunchThread final : public Executor {
 public:
  using Ended = std::function<void(ProcessEnd)>;

  // Both are borrowed and must outlive this.
  LaunchThread(ProcessSpawner& spawner, const Clock& clock);
  ~LaunchThread() override;

  void Post(Task task) override { PostAt(SteadyTime::min(), std::move(task)); }
  TimerId PostAt(SteadyTime due, Task task) override;
  void Cancel(TimerId timer) override;
  const Clock& clock() const override { return clock_; }

  // Calls `ended` on this thread when the process behind `pidfd` has ended; a child of this process
  // is reaped.
  void Watch(UniqueFd pidfd, Ended ended);

  // Calls `readable` on this thread once there is something to read from `fd`, or its end.
  void WatchInput(UniqueFd fd, Task readable);

  // Must not be called from a task.
  void Stop();

 private:
  struct Watched {
    UniqueFd fd;
    std::function<void(const UniqueFd&)> readable;
  };

  void Run();
  bool RunDueTasks();
  // Until a process ends, a task is added or the next one falls due.
  void Wait();
  int WaitMillis();
  void Wake() const;
  void PostWatch(UniqueFd fd, std::function<void(const UniqueFd&)> readable);
  void StartWatching(UniqueFd fd, std::function<void(const UniqueFd&)> readable);
  void Readable(int fd);

  ProcessSpawner& spawner_;
  const Clock& clock_;
  const UniqueFd epoll_;
  const UniqueFd wake_;

  Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  TimerId next_ GUARDED_BY(mutex_) = 1;
  std::map<std::pair<SteadyTime, TimerId>, Task> tasks_ GUARDED_BY(mutex_);
  std::map<TimerId, SteadyTime> due_ GUARDED_BY(mutex_);

  std::map<int, Watched> watched_;  // confined to the thread
  std::thread thread_;              // last: it uses all of the above
};

}  // namespace foxfire::launcher
