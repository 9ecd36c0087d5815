// Guards a failure path once.
#pragma once

#include <utility>

namespace foxfire {

// Calls `action` at the end of its scope unless Cancel() came first. Thread-compatible.
template <typename Action>
class Cleanup {
 public:
  explicit Cleanup(Action action) : action_(std::move(action)) {}
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;
  ~Cleanup() {
    if (armed_) action_();
  }
  void Cancel() { armed_ = false; }

 private:
  Action action_;
  bool armed_ = true;
};

}  // namespace foxfire
