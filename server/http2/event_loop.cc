#include "server/http2/event_loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>

namespace foxfire::server::http2 {
Result<std::unique_ptr<EventLoop>> EventLoop::Create(const Clock& clock) {
  std::unique_ptr<EventLoop> loop(new EventLoop(clock));
  loop->epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  if (!loop->epoll_.valid()) return tl::unexpected(ErrnoError(errno, "creating an event loop"));
  loop->wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!loop->wake_.valid()) return tl::unexpected(ErrnoError(errno, "creating an event loop"));
  RETURN_IF_ERROR(loop->Add(loop->wake_.get(), EPOLLIN | EPOLLET, nullptr));
  return loop;
}

Result<void> EventLoop::Add(int fd, uint32_t events, IoHandler* handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = handler;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return tl::unexpected(ErrnoError(errno, "watching a socket"));
  }
  return {};
}

Result<void> EventLoop::Watch(int fd, IoHandler& handler) {
  return Add(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &handler);
}

Result<void> EventLoop::WatchReadable(int fd, IoHandler& handler) {
  return Add(fd, EPOLLIN, &handler);
}

void EventLoop::Forget(int fd, IoHandler& handler) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  for (epoll_event& event : fetched_) {
    if (event.data.ptr == &handler) event.events = 0;
  }
}

void EventLoop::Run(TurnHandler& turn) {
  bool more = false;
  while (!stopped_.load(std::memory_order_acquire)) {
    const int n = epoll_wait(epoll_.get(), buffer_.data(), buffer_.size(), WaitMillis(more));
    fetched_ = std::span(buffer_).first(static_cast<size_t>(std::max(n, 0)));
    now_ = clock_.Now();
    for (const epoll_event& event : fetched_) {
      auto* const handler = static_cast<IoHandler*>(event.data.ptr);
      if (handler != nullptr && event.events != 0) handler->OnIo(event.events);
    }
    RunPosted();
    RunTimers();
    more = turn.EndTurn();
  }
  RunPosted();
}

int EventLoop::WaitMillis(bool more) const {
  if (more) return 0;
  if (timers_.empty()) return -1;
  const auto left = timers_.begin()->first.first - clock_.Now();
  // Rounded up: a timer must not fire early, nor the loop spin until it is due.
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<int64_t>(millis, 0, 60000));
}

void EventLoop::Post(Task task) {
  {
    MutexLock lock(mutex_);
    posted_.push_back(std::move(task));
    if (posted_.size() > 1) return;  // somebody has woken the loop already
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
}

void EventLoop::Stop() {
  stopped_.store(true, std::memory_order_release);
  Post([] {});
}

void EventLoop::RunPosted() {
  std::vector<Task> tasks;
  {
    MutexLock lock(mutex_);
    tasks.swap(posted_);
  }
  for (const Task& task : tasks) task();
}

TimerId EventLoop::RunAfter(Duration delay, Task task) {
  const TimerId id = next_timer_++;
  const SteadyTime due = clock_.Now() + delay;
  timers_.emplace(std::pair(due, id), std::move(task));
  due_.emplace(id, due);
  return id;
}

void EventLoop::Cancel(TimerId timer) {
  const auto found = due_.find(timer);
  if (found == due_.end()) return;
  timers_.erase({found->second, timer});
  due_.erase(found);
}

void EventLoop::RunTimers() {
  while (!timers_.empty() && timers_.begin()->first.first <= now_) {
    auto node = timers_.extract(timers_.begin());
    due_.erase(node.key().second);
    node.mapped()();
  }
}

}  // namespace foxfire::server::http2
