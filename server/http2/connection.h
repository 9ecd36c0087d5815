// One HTTP/2 connection: a socket, an nghttp2 session, and the frames that wait to be written.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/http2/loop_parts.h"
#include "server/http2/pipe.h"
#include "server/http2/socket_transport.h"

namespace foxfire::server::http2 {

class ProxiedCall;
struct CallSide;
struct ConnectionCallbacks;

// Reads and writes in the loop's turns. What frames mean is for the two kinds of connections:
// client_connection.h and engine_connection.h. Lives on the heap; after Close it is deleted at the
// end of the turn. Confined to one loop.
class Connection : public IoHandler {
 public:
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection();

  void OnIo(uint32_t events) final;
  void ReadTurn();
  void FlushTurn();

  // There is something to write: at the end of this turn.
  void MarkDirty();
  // Closes the socket and ends every call on it. No effect if it is dead already.
  void Close(const std::string& why, int error_number = 0);
  bool dead() const { return dead_; }
  nghttp2_session* session() const { return session_; }

  // For calls: `bytes` that came on `stream` have left for the other side (or, `stream` being
  // closed, for nowhere): the sender may send so many more.
  void Credit(int32_t stream, size_t bytes);
  void CreditClosedStream(size_t bytes);
  void ResetStream(int32_t stream, uint32_t error_code);
  void WidenWindow(int32_t stream);

  // The calls that have a stream here, linked through CallSide.
  ProxiedCall* calls() const { return calls_; }

 protected:
  enum class Role { kServer, kClient };

  Connection(LoopParts& parts, std::unique_ptr<SocketTransport> transport, Role role);
  // Registers with the loop and sends the settings. False: the connection is closed already.
  bool Begin(std::span<const nghttp2_settings_entry> settings);
  void Attach(ProxiedCall& call, int32_t stream);
  void Detach(ProxiedCall& call);

  // The socket is connected now; for one that was handed over while it was connecting.
  virtual void OnConnected() {}
  // It has just died: ends the calls on it. `error_number`: of the socket, 0 if it was none.
  virtual void OnClosed(const std::string& why, int error_number) = 0;

  // nghttp2's callbacks, by what they are about.
  virtual void OnBeginHeaders(const nghttp2_frame& frame) = 0;
  virtual void OnHeader(const nghttp2_frame& frame, std::string_view name,
                        std::string_view value) = 0;
  virtual void OnFrame(const nghttp2_frame& frame) = 0;
  virtual void OnData(int32_t stream, std::span<const uint8_t> bytes) = 0;
  virtual void OnStreamClosed(int32_t stream, uint32_t error_code) = 0;
  // The peer costs more than any use of it could: closes the connection.
  virtual void OnFlood(const std::string& what) { Close(what); }
  // What a read has brought has been heard.
  virtual void AfterRead() {}
  // Frames are about to be made.
  virtual void BeforeSend() {}
  virtual void OnFrameSent(const nghttp2_frame&) {}
  virtual void OnFrameNotSent(const nghttp2_frame&) {}
  // This connection's side of a call.
  virtual CallSide& SideOf(ProxiedCall& call) const = 0;

  ProxiedCall* CallOf(int32_t stream) const;
  Block* read_block() const { return read_block_; }

  LoopParts& parts_;
  bool connecting_ = false;

 private:
  friend struct ConnectionCallbacks;

  void ReadOnce(bool& again);
  void Write();
  void TakeBytes(size_t size);

  std::unique_ptr<SocketTransport> transport_;
  nghttp2_session* session_ = nullptr;
  ProxiedCall* calls_ = nullptr;
  Pipe out_;  // frames for the socket
  Block* read_block_ = nullptr;
  size_t most_queued_ = 0;   // frames that wait for the socket; 0: no limit
  size_t block_bytes_ = 0;   // of the header block being read (counted as in RFC 9113, 6.5.2)
  bool reads_much_ = false;  // the last read would have filled a medium block
  bool dead_ = false;
  bool dirty_ = false;
  bool readable_ = false;
  bool blocked_ = false;
  bool hung_up_ = false;
};

}  // namespace foxfire::server::http2
