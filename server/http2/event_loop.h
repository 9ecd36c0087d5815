// One epoll loop on one thread: file descriptors, timers, and tasks posted by other threads.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/executor.h"
#include "common/mutex.h"
#include "common/result.h"
#include "common/unique_fd.h"

namespace foxfire::server::http2 {

// Hears what epoll says of one descriptor. The loop must have let go of it (Forget) before it dies.
class IoHandler {
 public:
  virtual void OnIo(uint32_t events) = 0;

 protected:
  ~IoHandler() = default;
};

// What the owner of the loop does at the end of each turn: write what the turn has produced, go on
// reading what did not fit into it.
class TurnHandler {
 public:
  // True if there is more to do at once.
  virtual bool EndTurn() = 0;

 protected:
  ~TurnHandler() = default;
};

// Everything but Post and Stop is confined to the thread that calls Run, or to the owner's before.
class EventLoop {
 public:
  // `clock` must outlive this.
  static Result<std::unique_ptr<EventLoop>> Create(const Clock& clock);

  // Returns after Stop. `turn` must outlive the call.
  void Run(TurnHandler& turn);

  // Both may be called from any thread. A task posted after Stop may never run.
  void Post(Task task);
  void Stop();

  // Edge-triggered reading and writing, so there is no further system call until Forget.
  Result<void> Watch(int fd, IoHandler& handler);
  // Level-triggered reading, for listeners.
  Result<void> WatchReadable(int fd, IoHandler& handler);
  // No effect if it is not watched. Events already fetched for it are dropped.
  void Forget(int fd, IoHandler& handler);

  TimerId RunAfter(Duration delay, Task task);
  void Cancel(TimerId timer);
  // As of the beginning of the turn.
  SteadyTime now() const { return now_; }

 private:
  explicit EventLoop(const Clock& clock) : clock_(clock), now_(clock.Now()) {}
  Result<void> Add(int fd, uint32_t events, IoHandler* handler);
  int WaitMillis(bool more) const;
  void RunPosted();
  void RunTimers();

  const Clock& clock_;
  SteadyTime now_;
  UniqueFd epoll_;
  UniqueFd wake_;  // eventfd
  std::array<epoll_event, 256> buffer_;
  std::span<epoll_event> fetched_;  // of this turn, in buffer_
  TimerId next_timer_ = 1;
  std::map<std::pair<SteadyTime, TimerId>, Task> timers_;
  std::unordered_map<TimerId, SteadyTime> due_;
  std::atomic<bool> stopped_{false};

  Mutex mutex_;
  std::vector<Task> posted_ GUARDED_BY(mutex_);
};

}  // namespace foxfire::server::http2
