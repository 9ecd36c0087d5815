#include "server/http2/engine_connection.h"

#include <array>
#include <cerrno>
#include <utility>

#include "common/log.h"
#include "server/http2/call_table.h"
#include "server/http2/connection_callbacks.h"

namespace foxfire::server::http2 {
namespace {

constexpr uint32_t kLargestFrame = 1 << 20;

}  // namespace

EngineConnection* EngineConnection::Start(LoopParts& parts, const sockaddr* address, socklen_t size,
                                          Reporter report) {
  UniqueFd fd(socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return nullptr;
  // On loopback a refusal may come at once; it is then told like one that comes later, because the
  // caller has not seen the connection yet.
  const int error = connect(fd.get(), address, size) == 0 ? 0 : errno;
  auto* connection =
      new EngineConnection(parts, MakePlainTransport(std::move(fd)), std::move(report));
  connection->connecting_ = true;
  connection->connect_timer_ = parts.loop.RunAfter(
      error == 0 || error == EINPROGRESS ? parts.options.connect_timeout : Duration::zero(),
      [connection, error] {
        connection->Close("connecting", error == EINPROGRESS ? ETIMEDOUT : error);
      });
  const std::array<nghttp2_settings_entry, 4> settings = {
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, parts.options.stream_window},
       {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, kLargestFrame},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, parts.options.header_bytes}}};
  return connection->Begin(settings) ? connection : nullptr;
}

EngineConnection::EngineConnection(LoopParts& parts, std::unique_ptr<SocketTransport> transport,
                                   Reporter report)
    : Connection(parts, std::move(transport), Role::kClient), report_(std::move(report)) {
  parts.stats.engine_connections.Increment();
  nghttp2_session_set_next_stream_id(session(), parts.options.first_engine_stream);
}

EngineConnection::~EngineConnection() { parts_.stats.engine_connections.Decrement(); }

bool EngineConnection::TakesCalls() const {
  return !dead() && nghttp2_session_check_request_allowed(session()) != 0;
}

bool EngineConnection::Open(ProxiedCall& call) {
  const nghttp2_data_provider body = BodyOf(call);
  const auto& pairs = call.engine().headers.Pairs();
  const int32_t stream =
      nghttp2_submit_request(session(), nullptr, pairs.data(), pairs.size(), &body, &call);
  if (stream < 0) return false;
  Attach(call, stream);
  MarkDirty();
  return true;
}

ProxiedCall* EngineConnection::TakeFirstCall() {
  while (ProxiedCall* const call = calls()) {
    if (!call->MayMove()) call->StreamGone(*this);
    Detach(*call);
    if (call->HasStreams()) return call;
    parts_.calls.Remove(*call);
  }
  return nullptr;
}

void EngineConnection::OnHeader(const nghttp2_frame& frame, std::string_view name,
                                std::string_view value) {
  ProxiedCall* const call = CallOf(frame.hd.stream_id);
  if (call == nullptr) return;
  call->ResponseHeader(name, value, frame.headers.cat != NGHTTP2_HCAT_RESPONSE);
}

void EngineConnection::OnFrame(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_SETTINGS && !greeted_) {
    greeted_ = true;
    parts_.loop.Cancel(connect_timer_);
    report_(*this, Report::kConnected, "");
  }
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR &&
      !std::exchange(complained_, true)) {
    Log("http2").warn("an engine ends a connection because of {}",
                      nghttp2_http2_strerror(frame.goaway.error_code));
  }
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
  ProxiedCall* const call = CallOf(frame.hd.stream_id);
  if (call == nullptr) return;
  const bool is_last = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_RESPONSE) {
    call->ResponseHeadersEnd(is_last);
  }
  if (is_last) call->ResponseEnd();
}

void EngineConnection::OnData(int32_t stream, std::span<const uint8_t> bytes) {
  if (ProxiedCall* const call = CallOf(stream)) {
    call->ResponseData(read_block(), bytes);
  } else {
    Credit(stream, bytes.size());
  }
}

void EngineConnection::OnStreamClosed(int32_t stream, uint32_t error_code) {
  ProxiedCall* const call = CallOf(stream);
  if (call == nullptr) return;
  Closed(*call, error_code);
  // Nobody else would close one whose stream ids are used up.
  if (calls() == nullptr && !TakesCalls()) Close("it takes no more calls");
}

// A refused request has not been looked at (RFC 9113 section 8.7): as long as all of it is still
// here, it may be sent again.
void EngineConnection::Closed(ProxiedCall& call, uint32_t error_code) {
  if (error_code != NGHTTP2_REFUSED_STREAM || !call.MayMove()) {
    call.EngineStreamClosed(error_code);
    return Remove(call);
  }
  Detach(call);
  call.EngineRefused();
  if (!call.HasStreams()) parts_.calls.Remove(call);
}

void EngineConnection::Remove(ProxiedCall& call) {
  call.StreamGone(*this);
  Detach(call);
  if (!call.HasStreams()) parts_.calls.Remove(call);
}

// A request that could not be sent after all has no stream that could close; after a GOAWAY, for
// example. Which call it was is only told by the stream's number.
void EngineConnection::OnFrameNotSent(const nghttp2_frame& frame) {
  if (frame.hd.type != NGHTTP2_HEADERS || frame.headers.cat != NGHTTP2_HCAT_REQUEST) return;
  if (CallOf(frame.hd.stream_id) != nullptr) return;
  for (ProxiedCall* call = calls(); call != nullptr; call = call->engine().next) {
    if (call->engine().stream != frame.hd.stream_id) continue;
    return Closed(*call, NGHTTP2_REFUSED_STREAM);
  }
}

void EngineConnection::OnClosed(const std::string& why, int error_number) {
  parts_.loop.Cancel(connect_timer_);
  // Also if it was reset while it connected: it was in the backlog of a process that is dying.
  Report report = Report::kBroken;
  if (connecting_ && error_number == ECONNREFUSED) {
    report = Report::kRefused;
  } else if ((connecting_ && error_number != ECONNRESET) || error_number == ETIMEDOUT) {
    report = Report::kUnreachable;
  }
  report_(*this, report, why);
}

}  // namespace foxfire::server::http2
