// gRPC's five-byte message heads (gRPC over HTTP/2, "Length-Prefixed-Message").
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace foxfire::server::http2 {

inline constexpr size_t kMessageHeadSize = 5;
using MessageHead = std::array<uint8_t, kMessageHeadSize>;

inline uint32_t LengthOf(const MessageHead& head) {
  return uint32_t{head[1]} << 24 | uint32_t{head[2]} << 16 | uint32_t{head[3]} << 8 | head[4];
}

inline void WriteLength(uint8_t* head, uint32_t length) {
  head[1] = static_cast<uint8_t>(length >> 24);
  head[2] = static_cast<uint8_t>(length >> 16);
  head[3] = static_cast<uint8_t>(length >> 8);
  head[4] = static_cast<uint8_t>(length);
}

// Follows where messages end in a stream that passes. Confined to one loop.
class MessageTracker {
 public:
  void Reset() { *this = MessageTracker(); }

  // False: a message is longer than `limit`.
  bool Pass(const uint8_t* data, size_t size, uint32_t limit) {
    while (size > 0) {
      if (head_size_ < kMessageHeadSize) {
        head_[head_size_++] = *data++;
        --size;
        ++partial_;
        if (head_size_ < kMessageHeadSize) continue;
        left_ = LengthOf(head_);
        if (left_ > limit) return false;
      } else {
        const size_t part = std::min<size_t>(size, left_);
        data += part;
        size -= part;
        left_ -= static_cast<uint32_t>(part);
        partial_ += part;
      }
      if (head_size_ == kMessageHeadSize && left_ == 0) {
        head_size_ = 0;
        partial_ = 0;
      }
    }
    return true;
  }

  // Bytes since the last message's end.
  uint64_t partial() const { return partial_; }
  uint32_t length() const { return left_; }

 private:
  MessageHead head_{};
  size_t head_size_ = 0;
  uint32_t left_ = 0;
  uint64_t partial_ = 0;
};

}  // namespace foxfire::server::http2
