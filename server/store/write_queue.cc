#include "server/store/write_queue.h"

namespace foxfire::server {

void WriteQueue::TakeInto(WriteBatch& batch) {
  MutexLock lock(mutex_);
  batch.Absorb(std::exchange(waiting_, {}));
  taken_ = batch.size();
}

void WriteQueue::Done() {
  MutexLock lock(mutex_);
  taken_ = 0;
}

size_t WriteQueue::size() const {
  MutexLock lock(mutex_);
  return waiting_.size() + taken_;
}

}  // namespace foxfire::server
