#include "tests/integration/http2/http2_peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/check.h"

namespace foxfire::server::http2 {
namespace {

std::vector<nghttp2_nv> Pairs(const Headers& headers) {
  std::vector<nghttp2_nv> pairs;
  for (const auto& [name, value] : headers) {
    pairs.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                     reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(),
                     value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return pairs;
}

}  // namespace

std::string ValueOf(const Headers& headers, std::string_view name) {
  const auto values = ValuesOf(headers, name);
  return values.empty() ? "" : values.front();
}

std::vector<std::string> ValuesOf(const Headers& headers, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [known, value] : headers) {
    if (known == name) values.push_back(value);
  }
  return values;
}

std::string GrpcMessage(std::string_view bytes) {
  const auto size = static_cast<uint32_t>(bytes.size());
  std::string message(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) message += static_cast<char>(size >> shift);
  return message.append(bytes);
}

std::vector<std::string> GrpcMessages(std::string_view body) {
  std::vector<std::string> messages;
  while (body.size() >= 5) {
    size_t size = 0;
    for (size_t i = 1; i < 5; ++i) size = size << 8 | static_cast<uint8_t>(body[i]);
    if (body.size() < 5 + size) break;
    messages.emplace_back(body.substr(5, size));
    body.remove_prefix(5 + size);
  }
  return messages;
}

struct Http2Peer::Callbacks {
  static Http2Peer& Of(void* data) { return *static_cast<Http2Peer*>(data); }
  static void Tell(Http2Peer& peer, int32_t stream) {
    if (peer.listener_) peer.listener_(stream);
  }

  static int Header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                    size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                    void* data) {
    PeerStream& stream = Of(data).streams_[frame->hd.stream_id];
    const bool is_head = frame->headers.cat != NGHTTP2_HCAT_HEADERS;
    (is_head ? stream.headers : stream.trailers)
        .emplace_back(std::string(reinterpret_cast<const char*>(name), name_size),
                      std::string(reinterpret_cast<const char*>(value), value_size));
    return 0;
  }

  static int Frame(nghttp2_session*, const nghttp2_frame* frame, void* data) {
    Http2Peer& peer = Of(data);
    if (frame->hd.type == NGHTTP2_GOAWAY) peer.goaway_ = true;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      peer.streams_[frame->hd.stream_id].ended = true;
    }
    Tell(peer, frame->hd.stream_id);
    return 0;
  }

  static int Data(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes, size_t size,
                  void* data) {
    Of(data).streams_[stream].body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }

  static int StreamClosed(nghttp2_session*, int32_t stream, uint32_t error_code, void* data) {
    Of(data).streams_[stream].closed = error_code;
    Tell(Of(data), stream);
    return 0;
  }

  static ssize_t Pull(nghttp2_session* session, int32_t id, uint8_t* into, size_t size,
                      uint32_t* flags, nghttp2_data_source*, void* data) {
    PeerStream& stream = Of(data).streams_[id];
    const size_t part = std::min(size, stream.out.size() - stream.out_at);
    std::copy_n(stream.out.data() + stream.out_at, part, into);
    stream.out_at += part;
    const bool is_empty = stream.out_at == stream.out.size();
    if (is_empty) {
      stream.out.clear();
      stream.out_at = 0;
    }
    if (is_empty && stream.out_ended) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!stream.out_trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const auto pairs = Pairs(stream.out_trailers);
        nghttp2_submit_trailer(session, id, pairs.data(), pairs.size());
      }
    } else if (part == 0) {
      stream.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(part);
  }

  static nghttp2_data_provider Body() {
    nghttp2_data_provider body{};
    body.read_callback = Pull;
    return body;
  }
};

Http2Peer::Http2Peer(UniqueFd fd, const PeerOptions& options) : fd_(std::move(fd)) {
  CHECK(fcntl(fd_.get(), F_SETFL, O_NONBLOCK) == 0);
  if (options.tls != nullptr) {
    ssl_ = SSL_new(options.tls);
    SSL_set_fd(ssl_, fd_.get());
    SSL_set_connect_state(ssl_);
  }
  nghttp2_session_callbacks* callbacks = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::Header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::Frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::Data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::StreamClosed);
  nghttp2_option* option = nullptr;
  CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, options.opens_windows ? 0 : 1);
  nghttp2_option_set_max_send_header_block_length(option, 4U << 20);
  const auto make = options.is_server ? nghttp2_session_server_new2 : nghttp2_session_client_new2;
  CHECK(make(&session_, callbacks, this, option) == 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  if (options.first_stream != 1) {
    CHECK(nghttp2_session_set_next_stream_id(session_, options.first_stream) == 0);
  }
  const std::array<nghttp2_settings_entry, 2> settings = {
      {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window},
       {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.max_streams}}};
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) ==
        0);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, options.connection_window);
}

Http2Peer::~Http2Peer() {
  Close();
  nghttp2_session_del(session_);
}

int32_t Http2Peer::Request(const Headers& headers) {
  const auto pairs = Pairs(headers);
  const nghttp2_data_provider body = Callbacks::Body();
  return nghttp2_submit_request(session_, nullptr, pairs.data(), pairs.size(), &body, nullptr);
}

void Http2Peer::Respond(int32_t stream, const Headers& headers, bool is_last) {
  const auto pairs = Pairs(headers);
  const nghttp2_data_provider body = Callbacks::Body();
  nghttp2_submit_response(session_, stream, pairs.data(), pairs.size(), is_last ? nullptr : &body);
}

void Http2Peer::Send(int32_t stream, std::string_view bytes) {
  PeerStream& to = streams_[stream];
  to.out.append(bytes);
  if (std::exchange(to.deferred, false)) nghttp2_session_resume_data(session_, stream);
}

void Http2Peer::End(int32_t stream, const Headers& trailers) {
  PeerStream& to = streams_[stream];
  to.out_ended = true;
  to.out_trailers = trailers;
  if (std::exchange(to.deferred, false)) nghttp2_session_resume_data(session_, stream);
}

void Http2Peer::Reset(int32_t stream, uint32_t error_code) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, error_code);
}

void Http2Peer::GoAway() { nghttp2_submit_shutdown_notice(session_); }

void Http2Peer::GoAway(int32_t last_stream, uint32_t error_code) {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last_stream, error_code, nullptr, 0);
}

void Http2Peer::OpenWindow(int32_t stream, int32_t bytes) {
  nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, stream, bytes);
}

void Http2Peer::Change(const std::vector<nghttp2_settings_entry>& settings) {
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) ==
        0);
}

void Http2Peer::Close() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  ssl_ = nullptr;
  fd_.Reset();
}

short Http2Peer::Events() {
  const bool has_output = !out_.empty() || nghttp2_session_want_write(session_) != 0;
  return static_cast<short>((reading_ ? POLLIN : 0) | (has_output ? POLLOUT : 0));
}

void Http2Peer::Turn() {
  if (!closed() && reading_) ReadSome();
  if (!closed()) WriteSome();
}

void Http2Peer::ReadSome() {
  std::array<uint8_t, 64 << 10> bytes;
  for (;;) {
    const ssize_t n = ReadSocket(bytes.data(), bytes.size());
    if (n < 0) return;
    if (n == 0) return Close();
    if (nghttp2_session_mem_recv(session_, bytes.data(), static_cast<size_t>(n)) < 0) {
      return Close();
    }
    if (closed() || !reading_) return;
  }
}

void Http2Peer::WriteSome() {
  for (;;) {
    const uint8_t* bytes = nullptr;
    if (out_.empty()) {
      const ssize_t n = nghttp2_session_mem_send(session_, &bytes);
      if (n > 0) out_.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
    }
    if (out_.empty()) return;
    const ssize_t n = WriteSocket(out_.data(), out_.size());
    if (n < 0) return;
    if (n == 0) return Close();
    out_.erase(0, static_cast<size_t>(n));
  }
}

// Both: -1: not now; 0: the connection is gone.
ssize_t Http2Peer::ReadSocket(uint8_t* into, size_t size) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    const int n = SSL_read(ssl_, into, static_cast<int>(size));
    if (n > 0) return n;
    const int error = SSL_get_error(ssl_, n);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : 0;
  }
  const ssize_t n = recv(fd_.get(), into, size, 0);
  return n < 0 && errno != EAGAIN ? 0 : n;
}

ssize_t Http2Peer::WriteSocket(const char* from, size_t size) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    const int n = SSL_write(ssl_, from, static_cast<int>(size));
    if (n > 0) return n;
    const int error = SSL_get_error(ssl_, n);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : 0;
  }
  const ssize_t n = send(fd_.get(), from, size, MSG_NOSIGNAL);
  return n < 0 && errno != EAGAIN ? 0 : n;
}

UniqueFd ConnectTo(uint16_t port, int receive_buffer) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer > 0) {
    CHECK(setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer) == 0);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  CHECK(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

}  // namespace foxfire::server::http2
