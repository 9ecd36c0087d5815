#include "server/connect/envelope_scanner.h"

#include <algorithm>
#include <limits>

namespace foxfire::server {
namespace {

constexpr uint64_t kIdLimit = 64;            // a UUID has 36; what is longer is refused
constexpr uint64_t kClientTypeLimit = 4096;  // PySpark allows 2048 and adds versions
constexpr uint64_t kConfigLimit = 8192;      // builders send all their options in one
constexpr size_t kClientTypeKept = 200;      // of it, for records

}  // namespace

void EnvelopeScanner::Reset(const MethodTraits& method) {
  method_ = &method;
  has_session_id_ = false;
  has_observed_ = false;
  session_id_.clear();
  operation_id_.clear();
  client_type_.clear();
  plan_.clear();
  config_.clear();
  NextMessage();
}

void EnvelopeScanner::NextMessage() {
  state_ = State::kTag;
  shift_ = 0;
  value_ = 0;
  left_ = 0;
}

bool EnvelopeScanner::Scan(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    if (state_ != State::kSkip && state_ != State::kCapture) {
      if (!TakeVarintByte(bytes.front())) return false;
      bytes = bytes.subspan(1);
      continue;
    }
    const size_t part = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
    if (state_ == State::kCapture) {
      Wanted()->append(reinterpret_cast<const char*>(bytes.data()), part);
    }
    bytes = bytes.subspan(part);
    left_ -= part;
    if (left_ == 0) {
      if (state_ == State::kCapture) CaptureDone();
      state_ = State::kTag;
    }
  }
  return true;
}

bool EnvelopeScanner::TakeVarintByte(uint8_t byte) {
  if (shift_ > 63 || (shift_ == 63 && byte > 1)) return false;
  value_ |= static_cast<uint64_t>(byte & 0x7f) << shift_;
  shift_ += 7;
  if ((byte & 0x80) != 0) return true;
  const uint64_t value = value_;
  value_ = 0;
  shift_ = 0;
  return VarintDone(value);
}

bool EnvelopeScanner::VarintDone(uint64_t value) {
  switch (state_) {
    case State::kTag:
      return TagDone(value);
    case State::kLength:
      return LengthDone(value);
    default:
      state_ = State::kTag;
      return true;
  }
}

bool EnvelopeScanner::TagDone(uint64_t tag) {
  field_ = static_cast<uint32_t>(tag >> 3);
  if (tag > std::numeric_limits<uint32_t>::max() || field_ == 0) return false;
  const uint32_t wire_type = tag & 7;
  // A wanted field of another wire type would be skipped here but refused, or read otherwise,
  // there.
  if (wire_type != 2 && (field_ == kSessionIdField || field_ == kUserContextField)) return false;
  switch (wire_type) {
    case 0:
      state_ = State::kNumber;
      return true;
    case 1:
      state_ = State::kSkip;
      left_ = 8;
      return true;
    case 2:
      state_ = State::kLength;
      return true;
    case 5:
      state_ = State::kSkip;
      left_ = 4;
      return true;
    default:
      return false;
  }
}

bool EnvelopeScanner::LengthDone(uint64_t length) {
  left_ = length;
  if (field_ == method_->observed_field) has_observed_ = length > 0;
  std::string* const wanted = Wanted();
  const bool is_id = wanted == &session_id_ || wanted == &operation_id_;
  if (is_id && length > kIdLimit) return false;
  const uint64_t limit = wanted == &plan_     ? kCleanUpPlan.size()
                         : wanted == &config_ ? kConfigLimit
                                              : kClientTypeLimit;
  if (wanted != nullptr && (wanted != &client_type_ || length <= limit)) wanted->clear();
  const bool capture = wanted != nullptr && length <= limit;
  if (capture) wanted->reserve(length);
  state_ = length == 0 ? State::kTag : capture ? State::kCapture : State::kSkip;
  if (capture && length == 0) CaptureDone();
  return true;
}

void EnvelopeScanner::CaptureDone() {
  if (field_ == kSessionIdField) has_session_id_ = true;
  if (field_ != method_->client_type_field) return;
  const bool is_text = std::all_of(client_type_.begin(), client_type_.end(),
                                   [](char c) { return c >= ' ' && c <= '~'; });
  client_type_.resize(is_text ? std::min(client_type_.size(), kClientTypeKept) : 0);
}

std::string* EnvelopeScanner::Wanted() {
  if (field_ == kSessionIdField) return &session_id_;
  if (field_ == method_->operation_id_field) return &operation_id_;
  if (field_ == method_->client_type_field) return &client_type_;
  if (field_ == method_->plan_field) return &plan_;
  if (field_ == method_->config_field) return &config_;
  return nullptr;
}

}  // namespace foxfire::server
