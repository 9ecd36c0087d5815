#include "server/http2/request_rewriter.h"

#include <algorithm>

namespace foxfire::server::http2 {

void RequestRewriter::Reset(const MethodTraits& method, uint32_t message_limit) {
  scanner_.Reset(method);
  identity_.clear();
  head_in_pipe_ = nullptr;
  head_size_ = 0;
  length_ = 0;
  left_ = 0;
  limit_ = message_limit;
  approved_ = false;
  asked_ = false;
  first_complete_ = false;
}

RequestRewriter::Verdict RequestRewriter::Feed(Block* block, const uint8_t* data, size_t size,
                                               size_t& used, Pipe& out) {
  used = 0;
  while (used < size) {
    if (first_complete_ && !approved_) return Verdict::kBlocked;
    if (head_size_ < kMessageHeadSize) {
      const Verdict verdict = TakeHead(data[used++], out);
      if (verdict != Verdict::kMore) return verdict;
    } else {
      const auto part = static_cast<uint32_t>(std::min<size_t>(left_, size - used));
      const bool is_sound = scanner_.Scan({data + used, part});
      out.Push(block, data + used, part);
      used += part;
      left_ -= part;
      if (!is_sound) return Verdict::kMalformed;
    }
    if (head_size_ < kMessageHeadSize) continue;
    if (left_ == 0) {
      const Verdict verdict = MessageRead(out);
      if (verdict != Verdict::kMore) return verdict;
    } else if (!approved_ && !asked_ && scanner_.has_session_id() &&
               length_ - left_ >= kDecideAfter) {
      asked_ = true;
      return Verdict::kDecide;
    }
  }
  return Verdict::kMore;
}

RequestRewriter::Verdict RequestRewriter::TakeHead(uint8_t byte, Pipe& out) {
  head_[head_size_++] = byte;
  if (head_size_ < kMessageHeadSize) return Verdict::kMore;
  head_in_pipe_ = out.Copy(head_.data(), kMessageHeadSize, true);
  if (head_[0] != 0) return Verdict::kCompressed;
  length_ = LengthOf(head_);
  left_ = length_;
  if (length_ > limit_) return Verdict::kTooLarge;
  scanner_.NextMessage();
  if (approved_) WriteLength(head_in_pipe_, AnnouncedLength());
  return Verdict::kMore;
}

RequestRewriter::Verdict RequestRewriter::MessageRead(Pipe& out) {
  if (!scanner_.AtBoundary()) return Verdict::kMalformed;
  first_complete_ = true;
  if (approved_) {
    Finish(out);
    return Verdict::kMore;
  }
  if (asked_) return Verdict::kMore;
  asked_ = true;
  return Verdict::kDecide;
}

void RequestRewriter::Approve(std::string identity, Pipe& out) {
  approved_ = true;
  identity_ = std::move(identity);
  WriteLength(head_in_pipe_, AnnouncedLength());
  if (first_complete_) Finish(out);
}

void RequestRewriter::Finish(Pipe& out) {
  out.Append(reinterpret_cast<const uint8_t*>(identity_.data()), identity_.size());
  head_size_ = 0;
}

}  // namespace foxfire::server::http2
