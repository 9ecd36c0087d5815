// Memory that bytes lie in on their way from one socket to another: reference-counted blocks from
// pools that keep the same warm memory in use. One loop's memory is never touched by another, so
// the counts are plain integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace foxfire::server::http2 {

class BlockPool;

// `capacity` bytes follow the header in the same allocation.
struct Block {
  BlockPool* pool;
  uint32_t references;
  uint32_t capacity;

  uint8_t* data() { return reinterpret_cast<uint8_t*>(this + 1); }
};

// Hands out blocks of one size, with one reference. Must outlive them. Confined to one loop.
class BlockPool {
 public:
  // `keep`: how many unused blocks stay allocated.
  BlockPool(uint32_t capacity, size_t keep) : capacity_(capacity), keep_(keep) {}
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  Block* Get();
  void Put(Block* block);
  uint32_t capacity() const { return capacity_; }

 private:
  const uint32_t capacity_;
  const size_t keep_;
  std::vector<Block*> free_;
};

inline void Unref(Block* block) {
  if (--block->references == 0) block->pool->Put(block);
}

// Where a loop's bytes lie. Confined to one loop.
class LoopMemory {
 public:
  static constexpr uint32_t kMediumBlock = 64 << 10;
  static constexpr uint32_t kSmallBlock = 16 << 10;  // headers, frame heads, small messages
  // Less than this is copied rather than passed on by reference, lest it pins a whole read block.
  static constexpr uint32_t kCopyBelow = 4 << 10;

  // `read_block`: bytes that one read may take.
  explicit LoopMemory(uint32_t read_block)
      : large_(read_block, 8), medium_(kMediumBlock, 64), small_(kSmallBlock, 64) {}
  ~LoopMemory();

  // What reads go into: large blocks as long as they are filled, so that what waits for a slow
  // receiver does not pin many times its own size.
  BlockPool& large() { return large_; }
  BlockPool& medium() { return medium_; }

  // Room for `size` bytes, at most kSmallBlock, behind what was taken before; the caller gets a
  // reference to the block.
  uint8_t* TakeSmall(uint32_t size, Block*& block);

 private:
  BlockPool large_;
  BlockPool medium_;
  BlockPool small_;
  Block* current_ = nullptr;
  uint32_t used_ = 0;
};

}  // namespace foxfire::server::http2
