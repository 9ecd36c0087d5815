#include "server/http2/block.h"

#include <cstdlib>
#include <new>

#include "common/check.h"

namespace foxfire::server::http2 {

BlockPool::~BlockPool() {
  for (Block* block : free_) std::free(block);
}

Block* BlockPool::Get() {
  Block* block = nullptr;
  if (free_.empty()) {
    void* const memory = std::malloc(sizeof(Block) + capacity_);
    CHECK(memory != nullptr);
    block = new (memory) Block{this, 0, capacity_};
  } else {
    block = free_.back();
    free_.pop_back();
  }
  block->references = 1;
  return block;
}

void BlockPool::Put(Block* block) {
  if (free_.size() < keep_) {
    free_.push_back(block);
  } else {
    std::free(block);
  }
}

LoopMemory::~LoopMemory() {
  if (current_ != nullptr) Unref(current_);
}

uint8_t* LoopMemory::TakeSmall(uint32_t size, Block*& block) {
  CHECK(size <= kSmallBlock);
  if (current_ != nullptr && used_ + size > current_->capacity) {
    if (current_->references > 1) {
      Unref(current_);
      current_ = nullptr;
    }
    used_ = 0;  // nobody else refers to it: everything in it has been written
  }
  if (current_ == nullptr) {
    current_ = small_.Get();
    used_ = 0;
  }
  block = current_;
  ++block->references;
  uint8_t* const at = current_->data() + used_;
  used_ += size;
  return at;
}

}  // namespace foxfire::server::http2
