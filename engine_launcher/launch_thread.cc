#include "engine_launcher/launch_thread.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>

#include "common/log.h"
#include "common/task_thread.h"

namespace foxfire::launcher {

LaunchThread::LaunchThread(ProcessSpawner& spawner, const Clock& clock)
    : spawner_(spawner),
      clock_(clock),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] {
        NameThisThread("launch");
        Run();
      }) {}

LaunchThread::~LaunchThread() { Stop(); }

TimerId LaunchThread::PostAt(SteadyTime due, Task task) {
  TimerId id = 0;
  {
    MutexLock lock(mutex_);
    if (stopping_) return 0;
    id = next_++;
    tasks_.emplace(std::pair(due, id), std::move(task));
    due_.emplace(id, due);
  }
  Wake();
  return id;
}

void LaunchThread::Cancel(TimerId timer) {
  Task dropped;  // destroyed after the lock is released: it may own things that call back
  MutexLock lock(mutex_);
  const auto found = due_.find(timer);
  if (found == due_.end()) return;
  const auto task = tasks_.find({found->second, timer});
  dropped = std::move(task->second);
  tasks_.erase(task);
  due_.erase(found);
}

void LaunchThread::Watch(UniqueFd pidfd, Ended ended) {
  PostWatch(std::move(pidfd),
            [this, ended = std::move(ended)](const UniqueFd& fd) { ended(spawner_.Reap(fd)); });
}

void LaunchThread::WatchInput(UniqueFd fd, Task readable) {
  PostWatch(std::move(fd), [readable = std::move(readable)](const UniqueFd&) { readable(); });
}

void LaunchThread::PostWatch(UniqueFd fd, std::function<void(const UniqueFd&)> readable) {
  // std::function copies what it holds, which a UniqueFd does not allow.
  Post([this, shared = std::make_shared<UniqueFd>(std::move(fd)), readable = std::move(readable)] {
    StartWatching(std::move(*shared), readable);
  });
}

void LaunchThread::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  Wake();
  if (thread_.joinable()) thread_.join();
  std::map<std::pair<SteadyTime, TimerId>, Task> dropped;
  MutexLock lock(mutex_);
  dropped.swap(tasks_);
  due_.clear();
}

void LaunchThread::Wake() const {
  const uint64_t one = 1;
  // Full means that a wake-up is pending already.
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

void LaunchThread::Run() {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake_.get();
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event);
  while (RunDueTasks()) Wait();
}

bool LaunchThread::RunDueTasks() {
  mutex_.Lock();
  while (!stopping_ && !tasks_.empty() && tasks_.begin()->first.first <= clock_.Now()) {
    const auto first = tasks_.begin();
    Task task = std::move(first->second);
    due_.erase(first->first.second);
    tasks_.erase(first);
    mutex_.Unlock();
    task();
    task = nullptr;
    mutex_.Lock();
  }
  const bool go_on = !stopping_;
  mutex_.Unlock();
  return go_on;
}

int LaunchThread::WaitMillis() {
  MutexLock lock(mutex_);
  if (stopping_) return 0;
  if (tasks_.empty()) return -1;
  const SteadyTime due = tasks_.begin()->first.first;
  const SteadyTime now = clock_.Now();
  if (due <= now) return 0;  // Post's tasks have been due since for ever: no time to count with
  const auto left = due - now;
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<int64_t>(millis, 0, 3'600'000));
}

void LaunchThread::Wait() {
  std::array<epoll_event, 16> events{};
  const int count = epoll_wait(epoll_.get(), events.data(), events.size(), WaitMillis());
  for (int i = 0; i < count; ++i) {
    const int fd = events[static_cast<size_t>(i)].data.fd;
    if (fd == wake_.get()) {
      uint64_t wakes = 0;
      [[maybe_unused]] const ssize_t got = read(fd, &wakes, sizeof wakes);
    } else {
      Readable(fd);
    }
  }
}

void LaunchThread::StartWatching(UniqueFd fd, std::function<void(const UniqueFd&)> readable) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd.get();
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) {
    Log("launcher").error("{}", ErrnoError(errno, "watching a process").message);
    return readable(fd);
  }
  const int number = fd.get();
  watched_[number] = {std::move(fd), std::move(readable)};
}

void LaunchThread::Readable(int fd) {
  const auto node = watched_.extract(fd);
  if (node.empty()) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  node.mapped().readable(node.mapped().fd);
}

}  // namespace foxfire::launcher
