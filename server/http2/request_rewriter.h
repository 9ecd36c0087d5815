// The request side of a call: reads the envelope of each message as it passes into a pipe and puts
// the identity that Foxfire vouches for behind it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/connect/envelope_scanner.h"
#include "server/http2/grpc_framing.h"
#include "server/http2/pipe.h"

namespace foxfire::server::http2 {

// The first message waits in the pipe until its session id is known and either all of it or
// kDecideAfter bytes are there; Feed then says kDecide, once. From Approve on, every message gets
// the identity. Until then no second message is taken (kBlocked). Confined to one loop.
class RequestRewriter {
 public:
  enum class Verdict { kMore, kDecide, kBlocked, kMalformed, kCompressed, kTooLarge };
  static constexpr uint32_t kDecideAfter = 64 << 10;

  explicit RequestRewriter(const MethodTraits& method) : scanner_(method) {}
  void Reset(const MethodTraits& method, uint32_t message_limit);

  // Takes bytes that lie in `block` until there is something to say; `used` tells how many.
  Verdict Feed(Block* block, const uint8_t* data, size_t size, size_t& used, Pipe& out);

  // `identity`: what to append to each message (IdentitySuffix).
  void Approve(std::string identity, Pipe& out);
  bool approved() const { return approved_; }

  // Nothing is open: the stream may end here.
  bool AtMessageBoundary() const { return head_size_ == 0; }
  bool first_message_complete() const { return first_complete_; }
  const EnvelopeScanner& scanner() const { return scanner_; }
  // Of the message that was too large.
  uint32_t message_length() const { return length_; }

 private:
  Verdict TakeHead(uint8_t byte, Pipe& out);
  Verdict MessageRead(Pipe& out);
  void Finish(Pipe& out);
  uint32_t AnnouncedLength() const { return length_ + static_cast<uint32_t>(identity_.size()); }

  EnvelopeScanner scanner_;
  std::string identity_;
  MessageHead head_{};
  uint8_t* head_in_pipe_ = nullptr;  // of the message that is passing, while it waits for approval
  uint32_t head_size_ = 0;
  uint32_t length_ = 0;
  uint32_t left_ = 0;
  uint32_t limit_ = 0;
  bool approved_ = false;
  bool asked_ = false;
  bool first_complete_ = false;
};

}  // namespace foxfire::server::http2
