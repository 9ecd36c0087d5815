#include "server/http2/client_connection.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "common/log.h"
#include "server/http2/call_table.h"
#include "server/http2/proxied_call.h"

namespace foxfire::server::http2 {
namespace {

constexpr uint32_t kLargestFrame = 1 << 20;

}  // namespace

void ClientConnection::Start(LoopParts& parts, std::unique_ptr<SocketTransport> transport,
                             std::string peer, std::optional<CallStatus> refusal) {
  auto* connection =
      new ClientConnection(parts, std::move(transport), std::move(peer), std::move(refusal));
  const std::array<nghttp2_settings_entry, 5> settings = {
      {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, parts.options.streams_per_connection},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, parts.options.stream_window},
       {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, kLargestFrame},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, parts.options.header_bytes},
       {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}}};
  connection->Begin(settings);
}

ClientConnection::ClientConnection(LoopParts& parts, std::unique_ptr<SocketTransport> transport,
                                   std::string peer, std::optional<CallStatus> refusal)
    : Connection(parts, std::move(transport), Role::kServer),
      peer_(std::move(peer)),
      refusal_(std::move(refusal)),
      resets_since_(parts.loop.now()) {
  greeting_timer_ = parts.loop.RunAfter(parts.options.greeting_timeout, [this] {
    Close(refusal_ ? "refused" : "no HTTP/2 preface and settings in time");
  });
  ClientConnection*& first = parts.clients;
  next_ = first;
  if (next_ != nullptr) next_->previous_ = this;
  first = this;
  parts.stats.client_connections.Increment();
}

ClientConnection::~ClientConnection() {
  (previous_ != nullptr ? previous_->next_ : parts_.clients) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  parts_.stats.client_connections.Decrement();
  parts_.stats.open_connections.fetch_sub(1);
  if (parts_.clients == nullptr && parts_.when_no_clients) {
    std::exchange(parts_.when_no_clients, nullptr)();
  }
}

// A GOAWAY that names the last stream refuses those that are on their way. So the client is first
// told that there will be one; once it has answered a ping, it opens no more (RFC 9113
// section 6.8).
void ClientConnection::Drain() {
  if (dead() || told_to_leave_) return;
  told_to_leave_ = true;
  nghttp2_submit_shutdown_notice(session());
  nghttp2_submit_ping(session(), NGHTTP2_FLAG_NONE, nullptr);
  MarkDirty();
}

// Not sooner: a call that is read between the two would be served and yet count as refused.
void ClientConnection::BeforeSend() {
  if (!std::exchange(heard_of_it_, false)) return;
  nghttp2_submit_goaway(session(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session()), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

CallSide& ClientConnection::SideOf(ProxiedCall& call) const { return call.client(); }

// Most headers are whole by the end of the read that begins them and cost no timer.
void ClientConnection::AfterRead() {
  if (headers_stream_ == 0 || headers_timer_ != 0) return;
  headers_timer_ = parts_.loop.RunAfter(parts_.options.first_message_timeout, [this] {
    OnFlood("headers without an end (limits.first_message_timeout)");
  });
}

void ClientConnection::HeadersEnd(int32_t stream) {
  if (stream != headers_stream_) return;
  headers_stream_ = 0;
  if (headers_timer_ != 0) parts_.loop.Cancel(std::exchange(headers_timer_, 0));
}

void ClientConnection::OnBeginHeaders(const nghttp2_frame& frame) {
  HeadersEnd(headers_stream_);
  headers_stream_ = frame.hd.stream_id;
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) return;
  ProxiedCall& call = parts_.calls.Add(parts_);
  head_.Clear();
  Attach(call, frame.hd.stream_id);
  nghttp2_session_set_stream_user_data(session(), frame.hd.stream_id, &call);
}

void ClientConnection::OnHeader(const nghttp2_frame& frame, std::string_view name,
                                std::string_view value) {
  ProxiedCall* const call = CallOf(frame.hd.stream_id);
  // gRPC requests have no trailers; if one comes, it ends here.
  if (call != nullptr && frame.headers.cat == NGHTTP2_HCAT_REQUEST)
    head_.Add(name, value, call->engine().headers, call->settings(), parts_.options.header_bytes);
}

void ClientConnection::OnFrame(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_RST_STREAM) return CountReset();
  if (frame.hd.type == NGHTTP2_SETTINGS && !refusal_) parts_.loop.Cancel(greeting_timer_);
  if (frame.hd.type == NGHTTP2_PING && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) {
    heard_of_it_ = told_to_leave_;
    return;
  }
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
  if (frame.hd.type == NGHTTP2_HEADERS) HeadersEnd(frame.hd.stream_id);
  const bool is_head =
      frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
  ProxiedCall* const call = CallOf(frame.hd.stream_id);
  if (call == nullptr) return;
  if (is_head) {
    call->RequestHeadersEnd(head_, peer_, refusal_ ? &*refusal_ : nullptr);
    if (refusal_) Drain();
  }
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) call->RequestEnd();
}

void ClientConnection::OnData(int32_t stream, std::span<const uint8_t> bytes) {
  if (ProxiedCall* const call = CallOf(stream)) {
    call->RequestData(read_block(), bytes);
  } else {
    Credit(stream, bytes.size());
  }
}

void ClientConnection::OnStreamClosed(int32_t stream, uint32_t error_code) {
  HeadersEnd(stream);  // nghttp2 may have refused them before their end
  if (ProxiedCall* const call = CallOf(stream)) Remove(*call, error_code);
}

void ClientConnection::Remove(ProxiedCall& call, uint32_t error_code) {
  call.ClientClosed(error_code);
  call.StreamGone(*this);
  Detach(call);
  if (!call.HasStreams()) parts_.calls.Remove(call);
}

void ClientConnection::OnFrameSent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_RST_STREAM) {
    // nghttp2 resets streams by itself for frames that break rules: a client can provoke that as
    // fast as it resets them itself (CVE-2025-8671). Other codes are our own.
    const uint32_t code = frame.rst_stream.error_code;
    const bool provoked = code == NGHTTP2_PROTOCOL_ERROR || code == NGHTTP2_FLOW_CONTROL_ERROR ||
                          code == NGHTTP2_STREAM_CLOSED || code == NGHTTP2_FRAME_SIZE_ERROR;
    if (provoked) CountReset();
    return;
  }
  // A stream that we have ended but the client has not: it need not send the rest (RFC 9113 section
  // 8.1).
  if (frame.hd.type != NGHTTP2_HEADERS || (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
  ProxiedCall* const call = CallOf(frame.hd.stream_id);
  if (call != nullptr && !call->client().finished)
    ResetStream(frame.hd.stream_id, NGHTTP2_NO_ERROR);
}

// An answer that could not be made into frames after all leaves its stream open.
void ClientConnection::OnFrameNotSent(const nghttp2_frame& frame) {
  if (frame.hd.type != NGHTTP2_HEADERS || CallOf(frame.hd.stream_id) == nullptr) return;
  ResetStream(frame.hd.stream_id, NGHTTP2_INTERNAL_ERROR);
}

void ClientConnection::OnClosed(const std::string& why, int) {
  parts_.loop.Cancel(greeting_timer_);
  parts_.loop.Cancel(headers_timer_);
  Log("http2").debug("client connection closed address={} why={}", peer_, why);
  while (calls() != nullptr) Remove(*calls(), NGHTTP2_CANCEL);
}

// Opening and resetting streams as fast as they go costs a client nothing and a server much
// (CVE-2023-44487).
void ClientConnection::CountReset() {
  const SteadyTime now = parts_.loop.now();
  if (now - resets_since_ > std::chrono::seconds(1)) {
    resets_since_ = now;
    resets_ = 0;
  }
  if (++resets_ <= parts_.options.resets_per_second) return;
  OnFlood(fmt::format("more than {} resets a second (limits.resets_per_second)",
                      parts_.options.resets_per_second));
}

void ClientConnection::OnFlood(const std::string& what) {
  parts_.stats.floods.Increment();
  Log("http2").warn("connection closed: {} address={}", what, peer_);
  Close(what);
}

}  // namespace foxfire::server::http2
