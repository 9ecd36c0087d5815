// One end of an HTTP/2 connection for tests: a client or a server on nghttp2, over a plain or a TLS
// socket, that does what the test says and keeps what it hears.
#pragma once

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/unique_fd.h"

namespace foxfire::server::http2 {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The first value of a name, or "".
std::string ValueOf(const Headers& headers, std::string_view name);
std::vector<std::string> ValuesOf(const Headers& headers, std::string_view name);

// With gRPC's five-byte head.
std::string GrpcMessage(std::string_view bytes);
// The whole messages of a body.
std::vector<std::string> GrpcMessages(std::string_view body);

// A stream, as this end has seen it and what it still has to send.
struct PeerStream {
  Headers headers;
  Headers trailers;
  std::string body;
  bool ended = false;              // END_STREAM has come
  std::optional<uint32_t> closed;  // the error code it was closed with

  std::string out;
  size_t out_at = 0;
  bool out_ended = false;
  bool deferred = false;
  Headers out_trailers;
};

struct PeerOptions {
  bool is_server = false;
  uint32_t stream_window = 1U << 20;
  int32_t connection_window = 0x7fffffff;
  bool opens_windows = true;  // as bytes arrive
  uint32_t max_streams = 1000;
  int32_t first_stream = 1;
  SSL_CTX* tls = nullptr;  // of a client; must outlive the peer
};

// Moves bytes in Turn() only. Confined to one thread.
class Http2Peer {
 public:
  // `fd`: connected.
  Http2Peer(UniqueFd fd, const PeerOptions& options);
  ~Http2Peer();
  Http2Peer(const Http2Peer&) = delete;
  Http2Peer& operator=(const Http2Peer&) = delete;

  // Called when a stream has new headers, data or an end.
  void OnStream(std::function<void(int32_t)> listener) { listener_ = std::move(listener); }

  int32_t Request(const Headers& headers);
  void Respond(int32_t stream, const Headers& headers, bool is_last = false);
  void Send(int32_t stream, std::string_view bytes);
  void End(int32_t stream, const Headers& trailers = {});
  void Reset(int32_t stream, uint32_t error_code);
  // Announces a GOAWAY; streams that are on their way are still served.
  void GoAway();
  // Refuses what comes after `last_stream`, at once and for good.
  void GoAway(int32_t last_stream, uint32_t error_code);
  void OpenWindow(int32_t stream, int32_t bytes);
  // New SETTINGS: what is not named stays.
  void Change(const std::vector<nghttp2_settings_entry>& settings);
  // Bytes that nghttp2 knows nothing of, once it has nothing to send.
  void SendRaw(std::string_view bytes) { out_.append(bytes); }
  // While false nothing is read from the socket.
  void SetReading(bool reading) { reading_ = reading; }
  void Close();

  bool closed() const { return !fd_.valid(); }
  bool was_told_to_go() const { return goaway_; }
  std::map<int32_t, PeerStream>& streams() { return streams_; }

  int fd() const { return fd_.get(); }
  // For poll.
  short Events();
  void Turn();

 private:
  struct Callbacks;

  void ReadSome();
  void WriteSome();
  ssize_t ReadSocket(uint8_t* into, size_t size);
  ssize_t WriteSocket(const char* from, size_t size);

  UniqueFd fd_;
  SSL* ssl_ = nullptr;
  nghttp2_session* session_ = nullptr;
  bool reading_ = true;
  bool goaway_ = false;
  std::string out_;
  std::map<int32_t, PeerStream> streams_;
  std::function<void(int32_t)> listener_;
};

// A connected socket. `receive_buffer`: 0 for the kernel's default.
UniqueFd ConnectTo(uint16_t port, int receive_buffer = 0);

}  // namespace foxfire::server::http2
