// A connection that has been accepted but not yet said what it speaks.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/unique_fd.h"
#include "server/http2/first_bytes.h"
#include "server/http2/loop_parts.h"
#include "server/http2/tls_context.h"

namespace foxfire::server::http2 {

// Looks at the first bytes without taking them, then hands the socket to a ClientConnection, with
// or without TLS, or answers in the language that was spoken and hangs up. Owned by the loop
// worker's set of greetings. Confined to one loop.
class Greeting final : public IoHandler {
 public:
  using Done = std::function<void(Greeting&)>;  // it may be deleted now

  // `tls`: null on a plaintext listener; must outlive this.
  // `refusal`: what all calls are told.
  Greeting(LoopParts& parts, UniqueFd fd, std::string peer, const TlsContext* tls,
           std::optional<CallStatus> refusal, Done done);
  ~Greeting();

  Result<void> Begin();
  void OnIo(uint32_t events) override;

 private:
  void Hear(Speech speech);
  void Finish();
  void AnswerHttp1();
  void TakeUnread();

  LoopParts& parts_;
  UniqueFd fd_;
  const std::string peer_;
  const TlsContext* const tls_;
  std::optional<CallStatus> refusal_;
  const Done done_;
  TimerId timer_ = 0;
};

}  // namespace foxfire::server::http2
