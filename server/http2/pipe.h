// A queue of slices of blocks: bytes that have been received and not yet been sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/http2/block.h"

namespace foxfire::server::http2 {

struct Slice {
  Block* block;
  uint8_t* data;
  uint32_t size;
  bool owed;  // its sender is to be credited for these bytes in flow control once they have left
};

// Owns a reference to each block in it. Confined to one loop.
class Pipe {
 public:
  // Must outlive this.
  explicit Pipe(LoopMemory& memory) : memory_(memory) {}
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() { Clear(); }

  size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }
  size_t count() const { return slices_.size() - head_; }
  const Slice& operator[](size_t i) const { return slices_[head_ + i]; }

  // Received bytes that lie in `block`; small ones are copied, large ones kept by reference.
  void Push(Block* block, const uint8_t* data, uint32_t size);
  // A copy of at most LoopMemory::kSmallBlock bytes, which may be changed until they are taken.
  uint8_t* Copy(const uint8_t* data, uint32_t size, bool owed);
  // A copy of bytes of our own, however many.
  void Append(const uint8_t* data, size_t size);

  // Moves the first `size` bytes to `to`; returns how many of them were owed (no longer so there).
  size_t MoveTo(Pipe& to, size_t size);
  // Takes the first slice out; the caller has its reference now, and its debt. Not of an empty
  // pipe.
  Slice TakeFirst();
  // Forgets the first `size` bytes.
  void Drop(size_t size);
  // Forgets the last `size` bytes; returns how many of them were owed.
  size_t DropTail(size_t size);
  // Forgets everything; returns how many bytes were owed.
  size_t Clear();
  // Nothing in it is owed any longer; returns how much was.
  size_t Settle();

 private:
  void Add(const Slice& slice) {
    slices_.push_back(slice);
    bytes_ += slice.size;
  }
  void PopFirst();

  LoopMemory& memory_;
  std::vector<Slice> slices_;
  size_t head_ = 0;
  size_t bytes_ = 0;
};

}  // namespace foxfire::server::http2
