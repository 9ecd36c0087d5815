#include "server/http2/pipe.h"

#include <algorithm>
#include <cstring>

namespace foxfire::server::http2 {
namespace {

// Popped slices stay at the front of the vector until there are so many.
constexpr size_t kCompactAfter = 256;

}  // namespace

void Pipe::Push(Block* block, const uint8_t* data, uint32_t size) {
  if (size < LoopMemory::kCopyBelow) {
    Copy(data, size, true);
    return;
  }
  ++block->references;
  Add({block, const_cast<uint8_t*>(data), size, true});
}

uint8_t* Pipe::Copy(const uint8_t* data, uint32_t size, bool owed) {
  Block* block = nullptr;
  uint8_t* const at = memory_.TakeSmall(size, block);
  std::memcpy(at, data, size);
  if (count() > 0) {
    Slice& last = slices_.back();
    if (last.block == block && last.data + last.size == at && last.owed == owed) {
      Unref(block);
      last.size += size;
      bytes_ += size;
      return at;
    }
  }
  Add({block, at, size, owed});
  return at;
}

void Pipe::Append(const uint8_t* data, size_t size) {
  while (size > 0) {
    const auto part = static_cast<uint32_t>(std::min<size_t>(size, LoopMemory::kSmallBlock));
    Copy(data, part, false);
    data += part;
    size -= part;
  }
}

size_t Pipe::MoveTo(Pipe& to, size_t size) {
  size_t owed = 0;
  while (size > 0) {
    Slice& first = slices_[head_];
    const auto part = static_cast<uint32_t>(std::min<size_t>(size, first.size));
    if (first.owed) owed += part;
    Slice moved = first;
    moved.size = part;
    moved.owed = false;
    if (part < first.size) {
      ++first.block->references;
      first.data += part;
      first.size -= part;
      bytes_ -= part;
    } else {
      PopFirst();
    }
    to.Add(moved);
    size -= part;
  }
  return owed;
}

Slice Pipe::TakeFirst() {
  const Slice first = slices_[head_];
  PopFirst();
  return first;
}

void Pipe::Drop(size_t size) {
  while (size > 0) {
    Slice& first = slices_[head_];
    if (size < first.size) {
      first.data += size;
      first.size -= static_cast<uint32_t>(size);
      bytes_ -= size;
      return;
    }
    size -= first.size;
    Block* const block = first.block;
    PopFirst();
    Unref(block);
  }
}

size_t Pipe::DropTail(size_t size) {
  size_t owed = 0;
  while (size > 0) {
    Slice& last = slices_.back();
    const auto part = static_cast<uint32_t>(std::min<size_t>(size, last.size));
    if (last.owed) owed += part;
    last.size -= part;
    bytes_ -= part;
    size -= part;
    if (last.size > 0) break;
    Unref(last.block);
    slices_.pop_back();
  }
  return owed;
}

size_t Pipe::Clear() {
  const size_t owed = Settle();
  for (size_t i = head_; i < slices_.size(); ++i) Unref(slices_[i].block);
  slices_.clear();
  head_ = 0;
  bytes_ = 0;
  return owed;
}

size_t Pipe::Settle() {
  size_t owed = 0;
  for (size_t i = head_; i < slices_.size(); ++i) {
    if (slices_[i].owed) owed += slices_[i].size;
    slices_[i].owed = false;
  }
  return owed;
}

void Pipe::PopFirst() {
  bytes_ -= slices_[head_].size;
  if (++head_ == slices_.size()) {
    slices_.clear();
    head_ = 0;
  } else if (head_ >= kCompactAfter) {
    slices_.erase(slices_.begin(), slices_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

}  // namespace foxfire::server::http2
