// One end of an HTTP/2 connection for measuring: as little work of its own as possible.
#pragma once

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/unique_fd.h"

namespace foxfire::bench {

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

// A body that is the same message over and over.
struct Repeated {
  const std::string* message = nullptr;  // with gRPC's head
  uint64_t left = 0;                     // messages
  size_t at = 0;                         // in the current one
};

struct Stream {
  uint64_t received = 0;  // bytes of the body
  Repeated body;
  bool has_trailers = false;
  int grpc_status = -1;
  uint64_t messages_wanted = 0;  // what the request's x-messages says
  uint64_t message_size = 0;     // and x-message-size
};

// Confined to one thread. Aborts on what only a broken bench could bring about.
class H2Endpoint {
 public:
  // `fd`: connected and non-blocking. `tls`: shaken hands on it, taken over; null for plaintext.
  H2Endpoint(UniqueFd fd, bool is_server, SSL* tls = nullptr);
  virtual ~H2Endpoint();
  H2Endpoint(const H2Endpoint&) = delete;
  H2Endpoint& operator=(const H2Endpoint&) = delete;

  // False: the connection is gone.
  bool Read();
  bool Flush();
  int fd() const { return fd_.get(); }

  int32_t Request(const Fields& fields, const Repeated& body);
  void Respond(int32_t stream, const Repeated& body);

 protected:
  // The peer has said all it has to say on this stream (a server), or the stream is closed (a
  // client).
  virtual void OnEnd(int32_t id, const Stream& stream) = 0;

 private:
  struct Callbacks;

  // As recv and send.
  ssize_t Receive(uint8_t* into, size_t size);
  ssize_t Send(const char* from, size_t size);

  const bool is_server_;
  UniqueFd fd_;
  SSL* const tls_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, Stream> streams_;
  std::string out_;
  size_t out_at_ = 0;
};

// The bytes of a gRPC message.
std::string Framed(std::string_view payload);

}  // namespace foxfire::bench
