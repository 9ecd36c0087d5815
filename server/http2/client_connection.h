// A client's HTTP/2 connection: streams that come in become calls.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "server/http2/connection.h"
#include "server/http2/request_head.h"

namespace foxfire::server::http2 {

// Confined to one loop.
class ClientConnection final : public Connection {
 public:
  // `peer`: host:port. `refusal`: what every call on this connection is told; none is served then,
  // and it closes soon.
  // Registers itself; nobody else owns it.
  static void Start(LoopParts& parts, std::unique_ptr<SocketTransport> transport, std::string peer,
                    std::optional<CallStatus> refusal);
  ~ClientConnection() override;

  // GOAWAY: takes no new calls, those that run may finish. It closes itself after the last one's
  // end has been written.
  void Drain();

  // All client connections of the loop, linked.
  ClientConnection* next() const { return next_; }

 protected:
  void OnClosed(const std::string& why, int error_number) override;
  void OnBeginHeaders(const nghttp2_frame& frame) override;
  void OnHeader(const nghttp2_frame& frame, std::string_view name, std::string_view value) override;
  void OnFrame(const nghttp2_frame& frame) override;
  void OnData(int32_t stream, std::span<const uint8_t> bytes) override;
  void OnStreamClosed(int32_t stream, uint32_t error_code) override;
  void OnFrameSent(const nghttp2_frame& frame) override;
  void OnFrameNotSent(const nghttp2_frame& frame) override;
  void OnFlood(const std::string& what) override;
  void AfterRead() override;
  void BeforeSend() override;
  CallSide& SideOf(ProxiedCall& call) const override;

 private:
  ClientConnection(LoopParts& parts, std::unique_ptr<SocketTransport> transport, std::string peer,
                   std::optional<CallStatus> refusal);
  void Remove(ProxiedCall& call, uint32_t error_code);
  void HeadersEnd(int32_t stream);
  void CountReset();

  const std::string peer_;
  const std::optional<CallStatus> refusal_;
  TimerId greeting_timer_ = 0;  // until the client's settings are here, or the end if refused
  RequestHead head_;
  int32_t headers_stream_ = 0;  // whose block of headers is coming in; 0: none
  TimerId headers_timer_ = 0;   // ... and is not whole by the end of a read
  bool told_to_leave_ = false;  // ... and, as it has answered that, may be told where the end is
  bool heard_of_it_ = false;
  SteadyTime resets_since_;
  uint32_t resets_ = 0;
  ClientConnection* next_ = nullptr;
  ClientConnection* previous_ = nullptr;
};

}  // namespace foxfire::server::http2
