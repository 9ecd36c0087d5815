// The answer's side of ProxiedCall, and every way in which a call ends.
#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "common/encoding.h"
#include "common/units.h"
#include "server/http2/call_table.h"
#include "server/http2/connection_callbacks.h"
#include "server/http2/engine_connection.h"
#include "server/http2/proxied_call.h"

namespace foxfire::server::http2 {
namespace {

// An engine tried for a call whose session has not had an answer yet may turn out dead; so many.
constexpr int kMostReroutes = 3;
constexpr size_t kMostOfACloneAnswer = 4096;  // four ids

// Engines run users' code: what they answer is limited too. Spark's own trailers may be longer than
// what clients send.
constexpr size_t kAnswersHeadersFactor = 4;

// gRPC over HTTP/2, "Errors": what a stream's reset means.
Code CodeOfReset(uint32_t error_code) {
  switch (error_code) {
    case NGHTTP2_REFUSED_STREAM:
      return Code::kUnavailable;
    case NGHTTP2_CANCEL:
      return Code::kCancelled;
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return Code::kResourceExhausted;
    case NGHTTP2_INADEQUATE_SECURITY:
      return Code::kPermissionDenied;
    default:
      return Code::kInternal;
  }
}

void AddStatus(HeaderList& to, const CallStatus& status) {
  to.Add("grpc-status", std::to_string(static_cast<int>(status.code)));
  if (!status.message.empty()) to.Add("grpc-message", EncodeGrpcMessage(status.message));
  if (!status.details.empty()) to.Add("grpc-status-details-bin", Base64Encode(status.details));
}

}  // namespace

void ProxiedCall::ResponseHeader(std::string_view name, std::string_view value, bool is_trailer) {
  if (name == "grpc-status") {
    int number = static_cast<int>(Code::kUnknown);
    std::from_chars(value.data(), value.data() + value.size(), number);
    code_ = static_cast<Code>(number);
  }
  if (settled_) return;
  HeaderList& list = is_trailer ? client_.trailers : client_.headers;
  const size_t most = kAnswersHeadersFactor * size_t{parts_.options.header_bytes};
  if (list.SizeWith(name, value) > most) {
    parts_.stats.over_header_bytes.Increment();
    return Fail(StatusOf({Code::kResourceExhausted,
                          fmt::format("the engine answers with headers of more than {} (four times "
                                      "limits.header_bytes)",
                                      FormatSize(most))}));
  }
  list.Add(name, value);
}

void ProxiedCall::ResponseHeadersEnd(bool is_last) {
  if (settled_ || client_.connection == nullptr) return;
  answered_ = true;
  const nghttp2_data_provider body = BodyOf(*this);
  const auto& pairs = client_.headers.Pairs();
  nghttp2_submit_response(client_.connection->session(), client_.stream, pairs.data(), pairs.size(),
                          is_last ? nullptr : &body);
  client_.connection->MarkDirty();
}

void ProxiedCall::ResponseData(Block* block, std::span<const uint8_t> bytes) {
  if (client_.connection == nullptr || client_.ended) {
    engine_.connection->Credit(engine_.stream, bytes.size());
    return;
  }
  const MessageTracker before = answer_;
  if (!answer_.Pass(bytes.data(), bytes.size(), parts_.options.message_bytes)) {
    const uint32_t length = answer_.length();
    answer_ = before;  // these bytes go nowhere: the open message ends where it has come to
    engine_.connection->Credit(engine_.stream, bytes.size());
    parts_.stats.over_message_bytes.Increment();
    return Fail(StatusOf(
        {Code::kResourceExhausted,
         fmt::format("a message of {} from the engine is larger than {} (limits.message_bytes)",
                     FormatSize(length), FormatSize(parts_.options.message_bytes))}));
  }
  const bool has_ended_one = answer_.partial() < before.partial() + bytes.size();
  if (has_ended_one) parts_.service.Answered(*call_);
  if (call_->method->clones_session) ReadCloneAnswer(bytes);
  client_.pipe.Push(block, bytes.data(), static_cast<uint32_t>(bytes.size()));
  Resume(client_);
}

// Read before it is passed on: its client may use the new session at once.
void ProxiedCall::ReadCloneAnswer(std::span<const uint8_t> bytes) {
  if (clone_answer_.size() + bytes.size() > kMostOfACloneAnswer) return;
  clone_answer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const bool is_whole = answer_.partial() == 0 && clone_answer_.size() > kMessageHeadSize;
  if (!is_whole || clone_answer_[0] != 0) return;  // another byte there: compressed
  parts_.service.Cloned(*call_, std::string_view(clone_answer_).substr(kMessageHeadSize));
}

void ProxiedCall::ResponseEnd() {
  engine_.finished = true;
  if (settled_) return;
  client_.ended = true;
  if (code_ == Code::kOk) parts_.service.Answered(*call_);
  StopTimers();
  Resume(client_);
}

void ProxiedCall::EngineStreamClosed(uint32_t error_code) {
  if (std::exchange(engine_.finished, true) || settled_) return;
  if (error_code == NGHTTP2_NO_ERROR) error_code = NGHTTP2_INTERNAL_ERROR;
  Fail(StatusOf({CodeOfReset(error_code), fmt::format("the engine reset the call ({})",
                                                      nghttp2_http2_strerror(error_code))}));
}

void ProxiedCall::EngineRefused() {
  if (settled_) return;
  if (++reroutes_ > kMostReroutes) {
    return Fail(StatusOf({Code::kUnavailable, "the engine refuses calls at the moment"}));
  }
  OpenEngineStream();
}

void ProxiedCall::EngineLost(EngineLoss loss) {
  if (engine_.finished || settled_ || TryAnotherEngine(loss)) return;
  switch (loss) {
    case EngineLoss::kDead:
      return Fail(CallService::EngineDiedStatus(*call_));
    case EngineLoss::kUnreachable:
      return Fail(StatusOf({Code::kUnavailable, "the engine cannot be reached at the moment"}));
    case EngineLoss::kBroken:
      return Fail(StatusOf({Code::kUnavailable, "the connection to the engine broke"}));
  }
}

bool ProxiedCall::TryAnotherEngine(EngineLoss loss) {
  if (loss != EngineLoss::kDead || !MayMove() || engine_.connection != nullptr ||
      !CallService::MayRouteAgain(*call_) || ++reroutes_ > kMostReroutes) {
    return false;
  }
  parts_.service.Unrouted(*call_);
  route_.reset();
  Envelope envelope = ReadEnvelope();
  envelope.session_id = decided_session_;  // later messages may have named another one
  parts_.service.RouteLater(*call_, envelope, ReadWish(), PostRouted());
  return true;
}

void ProxiedCall::ClientClosed(uint32_t error_code) {
  // Once is enough, and twice is an error: nghttp2 takes the first reset of a request that it has
  // not sent yet for its cancellation, and sends the second one, for a stream that nobody knows.
  const bool was_reset = std::exchange(settled_, true);
  StopTimers();
  if (was_reset) return;
  if (!engine_.finished) code_ = Code::kCancelled;
  const bool engine_is_busy = !engine_.finished || !engine_.ended;
  if (engine_.connection != nullptr && engine_is_busy) {
    engine_.connection->ResetStream(
        engine_.stream, error_code == NGHTTP2_NO_ERROR ? uint32_t{NGHTTP2_CANCEL} : error_code);
  }
}

void ProxiedCall::StreamGone(Connection& connection) {
  CallSide& side = &connection == client_.connection ? client_ : engine_;
  CallSide& other = &side == &client_ ? engine_ : client_;
  const size_t owed = side.pipe.Clear();
  if (other.connection != nullptr) other.connection->Credit(other.stream, owed);
  if (&side == &client_) connection.CreditClosedStream(backlog_.Clear());
  // What came from this stream still goes on to the other one, but can be credited to its
  // connection only: the stream is closed.
  connection.CreditClosedStream(other.pipe.Settle());
}

void ProxiedCall::MoveOut(Connection& to, Pipe& out, size_t size) {
  CallSide& side = &to == client_.connection ? client_ : engine_;
  CallSide& from = &side == &client_ ? engine_ : client_;
  const size_t owed = side.pipe.MoveTo(out, size);
  side.announced = 0;
  if (from.connection != nullptr) from.connection->Credit(from.stream, owed);
  const DataPlaneOptions& options = parts_.options;
  const bool was_narrow = side.sent < options.stream_window;
  side.sent += size;
  if (was_narrow && side.sent >= options.stream_window && from.connection != nullptr) {
    from.connection->WidenWindow(from.stream);
  }
}

void ProxiedCall::Fail(const CallStatus& status) {
  if (settled_ || client_.ended) return;
  settled_ = true;
  code_ = status.code;
  StopTimers();
  if (engine_.connection != nullptr && !engine_.finished) {
    engine_.connection->ResetStream(engine_.stream, NGHTTP2_CANCEL);
  }
  const size_t owed = DropUnannounced(engine_) + backlog_.Clear();
  CountHeld();
  if (client_.connection == nullptr) return;
  client_.connection->Credit(client_.stream, owed);
  client_.ended = true;
  if (answered_) {
    EndWithTrailers(status);
  } else {
    AnswerOnly(status);
  }
}

void ProxiedCall::AnswerOnly(const CallStatus& status) {
  client_.headers.Clear();
  client_.headers.Add(":status", "200");
  client_.headers.Add("content-type", "application/grpc");
  AddStatus(client_.headers, status);
  const auto& pairs = client_.headers.Pairs();
  nghttp2_submit_response(client_.connection->session(), client_.stream, pairs.data(), pairs.size(),
                          nullptr);
  client_.connection->MarkDirty();
}

void ProxiedCall::AnswerHttp(std::string_view http_status) {
  settled_ = true;
  client_.ended = true;
  client_.headers.Clear();
  client_.headers.Add(":status", http_status);
  const auto& pairs = client_.headers.Pairs();
  nghttp2_submit_response(client_.connection->session(), client_.stream, pairs.data(), pairs.size(),
                          nullptr);
  client_.connection->MarkDirty();
}

void ProxiedCall::EndWithTrailers(const CallStatus& status) {
  const uint64_t partial = answer_.partial();
  if (partial > client_.pipe.bytes() - client_.announced) {
    // A part of a message has gone out already, or its frame has begun, and trailers in its place
    // would make clients complain of that instead. To gRPC this code means UNAVAILABLE.
    code_ = Code::kUnavailable;
    return client_.connection->ResetStream(client_.stream, NGHTTP2_REFUSED_STREAM);
  }
  const size_t owed = client_.pipe.DropTail(static_cast<size_t>(partial));
  if (engine_.connection != nullptr) engine_.connection->CreditClosedStream(owed);
  client_.trailers.Clear();
  AddStatus(client_.trailers, status);
  Resume(client_);
}

// The bytes of a frame whose head may be on its way already have to follow it, until the stream is
// closed. Returns how many of the others were owed.
size_t ProxiedCall::DropUnannounced(CallSide& side) {
  return side.pipe.DropTail(side.pipe.bytes() - side.announced);
}

void ProxiedCall::Resume(CallSide& side) {
  if (side.connection == nullptr || side.connection->dead()) return;
  if (side.deferred) {
    side.deferred = false;
    nghttp2_session_resume_data(side.connection->session(), side.stream);
  }
  side.connection->MarkDirty();
}

}  // namespace foxfire::server::http2
