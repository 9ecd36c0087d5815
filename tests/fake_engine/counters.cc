#include "tests/fake_engine/counters.h"

namespace foxfire::fake {

void Counters::CallBegan(const std::string& method) {
  MutexLock lock(mutex_);
  ++methods_[method].calls;
  ++methods_[method].open;
}

void Counters::CallEnded(const std::string& method, bool cancelled) {
  MutexLock lock(mutex_);
  --methods_[method].open;
  last_end_ = std::chrono::steady_clock::now();
  if (cancelled) ++methods_[method].cancelled;
  changed_.NotifyAll();
}

void Counters::MessageRead(const std::string& method, size_t bytes) {
  MutexLock lock(mutex_);
  ++methods_[method].read;
  methods_[method].bytes_read += static_cast<int64_t>(bytes);
}

void Counters::MessageSent(const std::string& method, size_t bytes) {
  MutexLock lock(mutex_);
  ++methods_[method].sent;
  methods_[method].bytes_sent += static_cast<int64_t>(bytes);
}

void Counters::Refused() {
  MutexLock lock(mutex_);
  ++refused_;
}

void Counters::SessionSeen(const std::string& user, const std::string& session_id) {
  MutexLock lock(mutex_);
  sessions_.insert(user + '/' + session_id);
}

void Counters::SessionReleased(const std::string& user, const std::string& session_id) {
  MutexLock lock(mutex_);
  sessions_.erase(user + '/' + session_id);
  changed_.NotifyAll();
}

int64_t Counters::OpenCalls() const {
  int64_t open = 0;
  for (const auto& [name, method] : methods_) open += method.open;
  return open;
}

std::chrono::steady_clock::duration Counters::IdleFor() const {
  MutexLock lock(mutex_);
  if (OpenCalls() > 0) return {};
  return std::chrono::steady_clock::now() - last_end_;
}

bool Counters::AwaitNoCalls(std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  while (OpenCalls() > 0) {
    if (!changed_.WaitUntil(mutex_, deadline)) return OpenCalls() == 0;
  }
  return true;
}

bool Counters::AwaitNoSessions(std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  while (!sessions_.empty()) {
    if (!changed_.WaitUntil(mutex_, deadline)) return sessions_.empty();
  }
  return true;
}

Json Counters::ToJson() const {
  MutexLock lock(mutex_);
  Json methods = Json::object();
  for (const auto& [name, method] : methods_) {
    methods[name] = {{"calls", method.calls},           {"open", method.open},
                     {"cancelled", method.cancelled},   {"read", method.read},
                     {"bytes_read", method.bytes_read}, {"sent", method.sent},
                     {"bytes_sent", method.bytes_sent}};
  }
  return {{"methods", methods}, {"refused", refused_}, {"sessions", sessions_}};
}

}  // namespace foxfire::fake
