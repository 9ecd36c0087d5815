// Between those who have something to keep and the one thread that writes it.
#pragma once

#include <cstddef>
#include <utility>

#include "common/mutex.h"
#include "server/store/write_batch.h"

namespace foxfire::server {

// Never blocks for longer than it takes to move a record. What is being written counts against the
// limit until it is done. Thread-safe.
class WriteQueue {
 public:
  explicit WriteQueue(size_t limit) : limit_(limit) {}

  // False: it is full, and the record is dropped.
  template <typename Record>
  bool Add(Record record) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return waiting_.Add(std::move(record), limit_ > taken_ ? limit_ - taken_ : 0);
  }

  // Moves everything into `batch`.
  void TakeInto(WriteBatch& batch) EXCLUDES(mutex_);
  // What was taken is written.
  void Done() EXCLUDES(mutex_);

  // With what was taken.
  size_t size() const EXCLUDES(mutex_);
  size_t limit() const { return limit_; }

 private:
  const size_t limit_;
  mutable Mutex mutex_;
  WriteBatch waiting_ GUARDED_BY(mutex_);
  size_t taken_ GUARDED_BY(mutex_) = 0;
};

}  // namespace foxfire::server
