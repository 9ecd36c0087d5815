#include "tests/bench/load/h2_endpoint.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "common/check.h"

namespace foxfire::bench {
namespace {

constexpr uint32_t kStreamWindow = 4U << 20;
constexpr uint32_t kFrameSize = 512U << 10;
constexpr size_t kSendAtOnce = 1U << 20;

std::string_view Text(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

uint64_t Number(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::vector<nghttp2_nv> Pairs(const Fields& fields) {
  std::vector<nghttp2_nv> pairs;
  pairs.reserve(fields.size());
  for (const auto& [name, value] : fields) {
    pairs.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                     reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(),
                     value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return pairs;
}

}  // namespace

std::string Framed(std::string_view payload) {
  std::string message(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    message += static_cast<char>(payload.size() >> static_cast<unsigned>(shift));
  }
  return message.append(payload);
}

struct H2Endpoint::Callbacks {
  static H2Endpoint& Of(void* data) { return *static_cast<H2Endpoint*>(data); }

  static int Header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                    size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                    void* data) {
    Stream& stream = Of(data).streams_[frame->hd.stream_id];
    const std::string_view field = Text(name, name_size);
    if (field == "grpc-status") {
      stream.grpc_status = static_cast<int>(Number(Text(value, value_size)));
    } else if (field == "x-messages") {
      stream.messages_wanted = Number(Text(value, value_size));
    } else if (field == "x-message-size") {
      stream.message_size = Number(Text(value, value_size));
    }
    return 0;
  }

  static int Data(nghttp2_session*, uint8_t, int32_t id, const uint8_t*, size_t size, void* data) {
    Of(data).streams_[id].received += size;
    return 0;
  }

  static int Frame(nghttp2_session*, const nghttp2_frame* frame, void* data) {
    H2Endpoint& self = Of(data);
    const bool is_message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!self.is_server_ || !is_message || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
      return 0;
    }
    const Stream stream = self.streams_[frame->hd.stream_id];
    self.OnEnd(frame->hd.stream_id, stream);
    return 0;
  }

  static int Closed(nghttp2_session*, int32_t id, uint32_t, void* data) {
    H2Endpoint& self = Of(data);
    const Stream stream = self.streams_[id];
    self.streams_.erase(id);
    if (!self.is_server_) self.OnEnd(id, stream);
    return 0;
  }

  static ssize_t Body(nghttp2_session* session, int32_t id, uint8_t* into, size_t size,
                      uint32_t* flags, nghttp2_data_source*, void* data) {
    Stream& stream = Of(data).streams_[id];
    Repeated& body = stream.body;
    size_t filled = 0;
    while (filled < size && body.left > 0) {
      const size_t part = std::min(size - filled, body.message->size() - body.at);
      std::copy_n(body.message->data() + body.at, part, into + filled);
      filled += part;
      body.at += part;
      if (body.at == body.message->size()) {
        body.at = 0;
        --body.left;
      }
    }
    if (body.left > 0) return static_cast<ssize_t>(filled);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream.has_trailers) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const auto pairs = Pairs({{"grpc-status", "0"}});
      nghttp2_submit_trailer(session, id, pairs.data(), pairs.size());
    }
    return static_cast<ssize_t>(filled);
  }

  static ssize_t FrameSize(nghttp2_session*, uint8_t, int32_t, int32_t connection_window,
                           int32_t stream_window, uint32_t max_frame_size, void*) {
    const auto window =
        static_cast<uint32_t>(std::max(0, std::min(connection_window, stream_window)));
    return std::min({window, max_frame_size, kFrameSize});
  }
};

H2Endpoint::H2Endpoint(UniqueFd fd, bool is_server, SSL* tls)
    : is_server_(is_server), fd_(std::move(fd)), tls_(tls) {
  nghttp2_session_callbacks* callbacks = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::Header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::Data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::Frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::Closed);
  nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, Callbacks::FrameSize);
  const auto make = is_server ? nghttp2_session_server_new : nghttp2_session_client_new;
  CHECK(make(&session_, callbacks, this) == 0);
  nghttp2_session_callbacks_del(callbacks);
  const std::array<nghttp2_settings_entry, 3> settings = {
      {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
       {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, kFrameSize},
       {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000}}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, 0x7fffffff);
}

H2Endpoint::~H2Endpoint() {
  nghttp2_session_del(session_);
  if (tls_ != nullptr) SSL_free(tls_);
}

ssize_t H2Endpoint::Receive(uint8_t* into, size_t size) {
  if (tls_ == nullptr) return recv(fd_.get(), into, size, 0);
  size_t n = 0;
  if (SSL_read_ex(tls_, into, size, &n) == 1) return static_cast<ssize_t>(n);
  errno = SSL_get_error(tls_, 0) == SSL_ERROR_WANT_READ ? EAGAIN : EPROTO;
  return -1;
}

ssize_t H2Endpoint::Send(const char* from, size_t size) {
  if (tls_ == nullptr) return send(fd_.get(), from, size, MSG_NOSIGNAL);
  size_t n = 0;
  if (SSL_write_ex(tls_, from, size, &n) == 1) return static_cast<ssize_t>(n);
  errno = SSL_get_error(tls_, 0) == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
  return -1;
}

bool H2Endpoint::Read() {
  std::array<uint8_t, 256 << 10> bytes;
  for (;;) {
    const ssize_t n = Receive(bytes.data(), bytes.size());
    if (n < 0 && errno == EAGAIN) return true;
    if (n <= 0) return false;
    if (nghttp2_session_mem_recv(session_, bytes.data(), static_cast<size_t>(n)) < 0) return false;
    if (tls_ == nullptr && static_cast<size_t>(n) < bytes.size()) return true;
  }
}

bool H2Endpoint::Flush() {
  for (;;) {
    while (out_.size() - out_at_ < kSendAtOnce) {
      const uint8_t* bytes = nullptr;
      const ssize_t n = nghttp2_session_mem_send(session_, &bytes);
      if (n < 0) return false;
      if (n == 0) break;
      out_.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
    }
    if (out_at_ == out_.size()) return true;
    const ssize_t n = Send(out_.data() + out_at_, out_.size() - out_at_);
    if (n < 0) return errno == EAGAIN;
    out_at_ += static_cast<size_t>(n);
    if (out_at_ == out_.size()) {
      out_.clear();
      out_at_ = 0;
    }
  }
}

int32_t H2Endpoint::Request(const Fields& fields, const Repeated& body) {
  const auto pairs = Pairs(fields);
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::Body;
  const int32_t id =
      nghttp2_submit_request(session_, nullptr, pairs.data(), pairs.size(), &provider, nullptr);
  CHECK(id > 0);
  streams_[id].body = body;
  return id;
}

void H2Endpoint::Respond(int32_t id, const Repeated& body) {
  Stream& stream = streams_[id];
  stream.body = body;
  stream.has_trailers = true;
  const auto pairs = Pairs({{":status", "200"}, {"content-type", "application/grpc"}});
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::Body;
  nghttp2_submit_response(session_, id, pairs.data(), pairs.size(), &provider);
}

}  // namespace foxfire::bench
