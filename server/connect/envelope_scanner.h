// Finds the few fields of a serialised request that Foxfire needs, as the bytes pass. The message
// is never parsed as a whole, held back or copied: a typed C++ parse refuses plans nested deeper
// than 49 relations and costs tens of milliseconds on a 64 MiB plan (docs/decisions.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "server/connect/methods.h"

namespace foxfire::server {

// Splits one message into its top-level fields, over any number of pieces. The message must end on
// a field's boundary (AtBoundary), or whatever is appended would become part of its last field.
//
// Refused as malformed: groups (no request has any), field number 0, wire types 6 and 7, varints
// over 64 bits, wanted fields that are no short string. Confined to one thread.
class EnvelopeScanner {
 public:
  // For a call of `method`, which must outlive this (TraitsOf's results do).
  explicit EnvelopeScanner(const MethodTraits& method) { Reset(method); }
  void Reset(const MethodTraits& method);
  // For the next message of the same stream; what was found before is kept until it is found again.
  void NextMessage();

  // False: malformed; the scanner must be reset then.
  bool Scan(std::span<const uint8_t> bytes);
  bool AtBoundary() const { return state_ == State::kTag && shift_ == 0; }

  // The last one so far, as protobuf has it.
  const std::string& session_id() const { return session_id_; }
  const std::string& operation_id() const { return operation_id_; }
  const std::string& client_type() const { return client_type_; }
  // The operation of a Config request, if it is short enough to be kept.
  const std::string& config() const { return config_; }
  // The plan does nothing but kCleanUpPlan.
  bool only_cleans_up() const { return plan_ == kCleanUpPlan; }
  // A server-side session id is there: the client has had an answer from the session's engine.
  bool has_observed() const { return has_observed_; }
  // True once the value of a session id has been read to its end.
  bool has_session_id() const { return has_session_id_; }

 private:
  enum class State : uint8_t { kTag, kNumber, kLength, kSkip, kCapture };

  bool TakeVarintByte(uint8_t byte);
  bool VarintDone(uint64_t value);
  bool TagDone(uint64_t tag);
  bool LengthDone(uint64_t length);
  void CaptureDone();
  std::string* Wanted();

  State state_ = State::kTag;
  uint32_t shift_ = 0;
  uint32_t field_ = 0;
  const MethodTraits* method_ = nullptr;
  uint64_t value_ = 0;
  uint64_t left_ = 0;
  bool has_session_id_ = false;
  bool has_observed_ = false;
  std::string session_id_;
  std::string operation_id_;
  std::string client_type_;
  std::string config_;
  std::string plan_;  // if it is as short as kCleanUpPlan
};

}  // namespace foxfire::server
