#include "server/http2/connection_callbacks.h"

#include <algorithm>

#include "common/check.h"
#include "server/http2/connection.h"
#include "server/http2/proxied_call.h"

namespace foxfire::server::http2 {
namespace {

constexpr size_t kFieldOverhead = 32;  // RFC 9113 section 6.5.2
// Times limits.header_bytes; answers may have four times as much.
constexpr size_t kMostHeaders = 8;

std::string_view View(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

// The user data of a session is its connection, that of a stream its call. A connection that has
// died in one of its own callbacks hears no more: its calls are gone.
struct ConnectionCallbacks {
  static Connection& Of(void* data) { return *static_cast<Connection*>(data); }
  static int Dead(const Connection& connection) {
    return connection.dead() ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
  }

  static int BeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* data) {
    Connection& connection = Of(data);
    connection.block_bytes_ = 0;
    if (!connection.dead()) connection.OnBeginHeaders(*frame);
    return Dead(connection);
  }

  static int Header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                    size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                    void* data) {
    Connection& connection = Of(data);
    if (connection.dead()) return Dead(connection);
    connection.OnHeader(*frame, View(name, name_size), View(value, value_size));
    // What is too much is told so, but not read to an end that may never come: HPACK makes
    // megabytes of a few bytes.
    connection.block_bytes_ += name_size + value_size + kFieldOverhead;
    if (connection.block_bytes_ > kMostHeaders * connection.parts_.options.header_bytes) {
      connection.OnFlood("headers of many times limits.header_bytes");
    }
    return Dead(connection);
  }

  static int Frame(nghttp2_session*, const nghttp2_frame* frame, void* data) {
    Connection& connection = Of(data);
    if (!connection.dead()) connection.OnFrame(*frame);
    return Dead(connection);
  }

  static int Data(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* bytes, size_t size,
                  void* data) {
    Connection& connection = Of(data);
    if (!connection.dead()) connection.OnData(stream, {bytes, size});
    return Dead(connection);
  }

  static int StreamClosed(nghttp2_session*, int32_t stream, uint32_t error_code, void* data) {
    Connection& connection = Of(data);
    if (!connection.dead()) connection.OnStreamClosed(stream, error_code);
    // Never a failure: nghttp2 1.52 would lose the HEADERS frame that it is about to send. The next
    // callback, or whoever has called nghttp2, sees that the connection is dead.
    return 0;
  }

  static int FrameSent(nghttp2_session*, const nghttp2_frame* frame, void* data) {
    Connection& connection = Of(data);
    if (!connection.dead()) connection.OnFrameSent(*frame);
    return Dead(connection);
  }

  static int FrameNotSent(nghttp2_session*, const nghttp2_frame* frame, int, void* data) {
    Connection& connection = Of(data);
    if (!connection.dead()) connection.OnFrameNotSent(*frame);
    return Dead(connection);
  }

  // Frames that nghttp2 makes itself are small; they join the queue of the bodies' slices.
  static ssize_t Send(nghttp2_session*, const uint8_t* bytes, size_t size, int, void* data) {
    Connection& connection = Of(data);
    if (connection.out_.bytes() >= connection.parts_.options.piece) return NGHTTP2_ERR_WOULDBLOCK;
    connection.out_.Append(bytes, size);
    return static_cast<ssize_t>(size);
  }

  // Not more than there is: nghttp2 sizes a buffer by it.
  static ssize_t FrameSize(nghttp2_session*, uint8_t, int32_t stream, int32_t session_window,
                           int32_t stream_window, uint32_t max_frame, void* data) {
    const Connection& connection = Of(data);
    ProxiedCall* const call = connection.CallOf(stream);
    const size_t there = call == nullptr ? 1 : connection.SideOf(*call).pipe.bytes();
    const size_t limit = std::min(
        {static_cast<size_t>(connection.parts_.options.piece), static_cast<size_t>(max_frame),
         static_cast<size_t>(session_window), static_cast<size_t>(stream_window)});
    return static_cast<ssize_t>(std::min(limit, std::max<size_t>(there, 1)));
  }

  static ssize_t Pull(nghttp2_session* session, int32_t stream, uint8_t*, size_t size,
                      uint32_t* flags, nghttp2_data_source* source, void* data) {
    auto& call = *static_cast<ProxiedCall*>(source->ptr);
    CallSide& side = Of(data).SideOf(call);
    const size_t part = std::min(size, side.pipe.bytes());
    if (part == 0 && !side.ended) {
      side.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    if (part > 0) *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    side.announced = part;
    if (side.ended && part == side.pipe.bytes()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!side.trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const auto& pairs = side.trailers.Pairs();
        nghttp2_submit_trailer(session, stream, pairs.data(), pairs.size());
      }
    }
    return static_cast<ssize_t>(part);
  }

  static int SendData(nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t size,
                      nghttp2_data_source* source, void* data) {
    constexpr uint32_t kFrameHead = 9;
    Connection& connection = Of(data);
    if (connection.out_.bytes() >= connection.parts_.options.piece) return NGHTTP2_ERR_WOULDBLOCK;
    connection.out_.Copy(head, kFrameHead, false);
    // The sender's window opens now: what waits for the socket is bounded by two pieces, whatever
    // the number of streams.
    static_cast<ProxiedCall*>(source->ptr)->MoveOut(connection, connection.out_, size);
    return 0;
  }

  static nghttp2_session_callbacks* Make() {
    nghttp2_session_callbacks* callbacks = nullptr;
    CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, BeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, Header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, StreamClosed);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, FrameSent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, FrameNotSent);
    nghttp2_session_callbacks_set_send_callback(callbacks, Send);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, SendData);
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, FrameSize);
    return callbacks;
  }
};

nghttp2_session* NewSession(Connection& connection, bool is_server, uint32_t header_bytes) {
  // Shared by all sessions and read-only from here on; they live as long as the process.
  static nghttp2_session_callbacks* const callbacks = ConnectionCallbacks::Make();
  // Streams that an engine takes until its settings are here.
  constexpr uint32_t kStreamsAtFirst = 1000;
  nghttp2_option* option = nullptr;
  CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  // "Bearer " without a token is for us to refuse, with words; by default the stream would be
  // reset.
  nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1);
  nghttp2_option_set_max_send_header_block_length(option, 4 * size_t{header_bytes} + (256 << 10));
  nghttp2_option_set_peer_max_concurrent_streams(option, kStreamsAtFirst);
  nghttp2_session* session = nullptr;
  const int made = is_server
                       ? nghttp2_session_server_new2(&session, callbacks, &connection, option)
                       : nghttp2_session_client_new2(&session, callbacks, &connection, option);
  CHECK(made == 0);
  nghttp2_option_del(option);
  return session;
}

nghttp2_data_provider BodyOf(ProxiedCall& call) {
  nghttp2_data_provider body{};
  body.source.ptr = &call;
  body.read_callback = ConnectionCallbacks::Pull;
  return body;
}

}  // namespace foxfire::server::http2
