// A connection to an engine, shared by the calls that go there.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>

#include "server/http2/connection.h"
#include "server/http2/proxied_call.h"

namespace foxfire::server::http2 {

// Confined to one loop.
class EngineConnection final : public Connection {
 public:
  // How it went with an engine: kConnected once its HTTP/2 settings are here (that a socket was
  // accepted means little: a dying process's listener still does that), then or instead one loss.
  enum class Report { kConnected, kRefused, kUnreachable, kBroken };
  using Reporter = std::function<void(EngineConnection&, Report, const std::string& why)>;

  // Starts to connect. `report` hears how it ends before the calls on it are told; what they are
  // told is for `report` to say, through TakeCalls. nullptr: out of sockets.
  static EngineConnection* Start(LoopParts& parts, const sockaddr* address, socklen_t size,
                                 Reporter report);
  ~EngineConnection() override;

  // Opens a stream with the call's headers and body; false: it takes no more streams.
  bool Open(ProxiedCall& call);
  bool TakesCalls() const;
  // Takes a call off a dead connection; nullptr: there are none left.
  ProxiedCall* TakeFirstCall();

 protected:
  void OnClosed(const std::string& why, int error_number) override;
  void OnBeginHeaders(const nghttp2_frame&) override {}
  void OnHeader(const nghttp2_frame& frame, std::string_view name, std::string_view value) override;
  void OnFrame(const nghttp2_frame& frame) override;
  void OnData(int32_t stream, std::span<const uint8_t> bytes) override;
  void OnStreamClosed(int32_t stream, uint32_t error_code) override;
  void OnFrameNotSent(const nghttp2_frame& frame) override;
  CallSide& SideOf(ProxiedCall& call) const override { return call.engine(); }

 private:
  EngineConnection(LoopParts& parts, std::unique_ptr<SocketTransport> transport, Reporter report);
  void Closed(ProxiedCall& call, uint32_t error_code);
  void Remove(ProxiedCall& call);

  const Reporter report_;
  TimerId connect_timer_ = 0;
  bool greeted_ = false;
  bool complained_ = false;  // of an error of ours; said once
};

}  // namespace foxfire::server::http2
