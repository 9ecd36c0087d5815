#include "common/task_thread.h"

#include <pthread.h>

namespace foxfire {

void NameThisThread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

TaskThread::TaskThread(const std::string& name, const Clock& clock)
    : clock_(clock), thread_([this, name] {
        NameThisThread(name);
        Run();
      }) {}

TaskThread::~TaskThread() { Stop(); }

TimerId TaskThread::PostAt(SteadyTime due, Task task) {
  MutexLock lock(mutex_);
  if (stopping_) return 0;
  const TimerId id = next_++;
  tasks_.emplace(std::pair(due, id), std::move(task));
  due_.emplace(id, due);
  changed_.NotifyOne();
  return id;
}

void TaskThread::Cancel(TimerId timer) {
  Task dropped;  // destroyed after the lock is released: it may own things that call back
  MutexLock lock(mutex_);
  const auto found = due_.find(timer);
  if (found == due_.end()) return;
  const auto task = tasks_.find({found->second, timer});
  dropped = std::move(task->second);
  tasks_.erase(task);
  due_.erase(found);
}

void TaskThread::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyOne();
  }
  {
    MutexLock lock(joining_);
    if (thread_.joinable()) thread_.join();
  }
  std::map<std::pair<SteadyTime, TimerId>, Task> dropped;
  MutexLock lock(mutex_);
  dropped.swap(tasks_);
  due_.clear();
}

void TaskThread::Run() {
  mutex_.Lock();
  while (!stopping_) {
    if (tasks_.empty()) {
      changed_.Wait(mutex_);
      continue;
    }
    const auto first = tasks_.begin();
    const SteadyTime due = first->first.first;
    if (due > clock_.Now()) {
      changed_.WaitUntil(mutex_, due);
      continue;
    }
    Task task = std::move(first->second);
    due_.erase(first->first.second);
    tasks_.erase(first);
    mutex_.Unlock();
    task();
    task = nullptr;
    mutex_.Lock();
  }
  mutex_.Unlock();
}

}  // namespace foxfire
