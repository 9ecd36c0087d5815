#include "server/http2/proxied_call.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/units.h"
#include "server/connect/grpc_timeout.h"
#include "server/connect/wire_writer.h"
#include "server/http2/call_table.h"
#include "server/http2/engine_connection.h"
#include "server/http2/engine_links.h"

namespace foxfire::server::http2 {
ProxiedCall::ProxiedCall(LoopParts& parts, uint64_t id)
    : parts_(parts),
      id_(id),
      client_(parts.memory),
      engine_(parts.memory),
      rewriter_(TraitsOf("")),
      backlog_(parts.memory),
      deadline_(SteadyTime::max()) {}

ProxiedCall::~ProxiedCall() {
  StopTimers();
  engine_.pipe.Clear();
  backlog_.Clear();
  CountHeld();
  if (call_) parts_.service.Ended(*call_, code_);
}

// ---- the request -------------------------------------------------------------------------------

void ProxiedCall::RequestHeadersEnd(const RequestHead& head, std::string_view peer,
                                    const CallStatus* refusal) {
  client_fields_ = engine_.headers.count();
  if (refusal != nullptr) return Fail(*refusal);
  if (head.method != "POST") return AnswerHttp("405");
  if (head.content_type.rfind("application/grpc", 0) != 0) return AnswerHttp("415");
  if (head.too_large) {
    parts_.stats.over_header_bytes.Increment();
    return Fail(
        StatusOf({Code::kResourceExhausted,
                  fmt::format("the request's headers have more than {} (limits.header_bytes)",
                              FormatSize(parts_.options.header_bytes))}));
  }
  Admit(head, peer);
}

void ProxiedCall::Admit(const RequestHead& head, std::string_view peer) {
  auto admitted = parts_.service.Admit(
      {head.path, head.authorization, head.authentication, head.user_agent, peer});
  if (!admitted) return Fail(admitted.error());
  call_ = *std::move(admitted);
  rewriter_.Reset(*call_->method, parts_.options.message_bytes);
  if (!head.timeout.empty()) {
    const auto timeout = ParseGrpcTimeout(head.timeout);
    if (!timeout) {
      return Fail(
          StatusOf({Code::kInvalidArgument, "the grpc-timeout header is no timeout, such as 10S"}));
    }
    deadline_ = parts_.loop.now() + *timeout;
  }
  StartTimers();
}

void ProxiedCall::RequestData(Block* block, std::span<const uint8_t> bytes) {
  if (settled_ || !call_) {
    if (client_.connection != nullptr) client_.connection->Credit(client_.stream, bytes.size());
    return;
  }
  if (backlog_.empty()) {
    FeedPiece(block, bytes.data(), bytes.size());
  } else {
    backlog_.Push(block, bytes.data(), static_cast<uint32_t>(bytes.size()));
  }
  if (settled_) return;
  CountHeld();
  Resume(engine_);
}

void ProxiedCall::FeedPiece(Block* block, const uint8_t* data, size_t size) {
  size_t used = 0;
  if (FeedUntilSettled(block, data, size, used)) return;
  // What has gone into the pipe is credited from there.
  if (client_.connection != nullptr) client_.connection->Credit(client_.stream, size - used);
}

// False if the call has failed on the way, `used` bytes of these being in the pipe.
bool ProxiedCall::FeedUntilSettled(Block* block, const uint8_t* data, size_t size, size_t& used) {
  using Verdict = RequestRewriter::Verdict;
  while (used < size) {
    size_t now = 0;
    const Verdict verdict = rewriter_.Feed(block, data + used, size - used, now, engine_.pipe);
    used += now;
    switch (verdict) {
      case Verdict::kMore:
        break;
      case Verdict::kBlocked:
        backlog_.Push(block, data + used, static_cast<uint32_t>(size - used));
        return true;
      case Verdict::kDecide:
        Decide();
        if (settled_) return false;
        break;
      case Verdict::kMalformed:
        Fail(StatusOf(
            {Code::kInvalidArgument,
             "the request is no Spark Connect message: its protobuf encoding is broken, or its "
             "session_id is no UUID"}));
        return false;
      case Verdict::kCompressed:
        Fail(StatusOf(
            {Code::kUnimplemented,
             "compressed requests are not supported: switch gRPC compression off in the client"}));
        return false;
      case Verdict::kTooLarge:
        parts_.stats.over_message_bytes.Increment();
        Fail(StatusOf(
            {Code::kResourceExhausted,
             fmt::format("a request message of {} is larger than {} (limits.message_bytes)",
                         FormatSize(rewriter_.message_length()),
                         FormatSize(parts_.options.message_bytes))}));
        return false;
    }
  }
  NoteBegun();
  return true;
}

void ProxiedCall::FeedBacklog() {
  while (!backlog_.empty() && !settled_) {
    const Slice piece = backlog_.TakeFirst();
    FeedPiece(piece.block, piece.data, piece.size);
    Unref(piece.block);
  }
}

void ProxiedCall::RequestEnd() {
  client_.finished = true;
  if (settled_ || !call_) return;
  if (rewriter_.approved()) return EndRequest();
  if (!rewriter_.first_message_complete()) {
    Fail(StatusOf(
        {Code::kInvalidArgument, "the request ended before its first message was complete"}));
  }
}

void ProxiedCall::EndRequest() {
  if (!rewriter_.AtMessageBoundary()) {
    return Fail(StatusOf({Code::kInvalidArgument, "the request ended within a message"}));
  }
  engine_.ended = true;
  Resume(engine_);
}

// ---- where it goes -----------------------------------------------------------------------------

void ProxiedCall::Decide() {
  decided_session_ = rewriter_.scanner().session_id();
  if (auto known = parts_.service.RouteNow(*call_, ReadEnvelope()))
    return Routed(*std::move(known));
  parts_.service.RouteLater(*call_, ReadEnvelope(), ReadWish(), PostRouted());
}

Envelope ProxiedCall::ReadEnvelope() const {
  const EnvelopeScanner& scanner = rewriter_.scanner();
  return {scanner.session_id(),     scanner.operation_id(), scanner.client_type(),
          scanner.only_cleans_up(), scanner.config(),       scanner.has_observed()};
}

EngineWish ProxiedCall::ReadWish() const {
  return WishOf(engine_.headers, client_fields_, settings_, parts_.options);
}

RouteCallback ProxiedCall::PostRouted() const {
  return [&loop = parts_.loop, &calls = parts_.calls, id = id_](RouteResult result) {
    loop.Post([&calls, id, result = std::move(result)] {
      if (ProxiedCall* const call = calls.Find(id)) call->Routed(result);
    });
  };
}

void ProxiedCall::Routed(RouteResult route) {
  if (settled_) return;
  if (!route) return Fail(route.error());
  Forward(*std::move(route));
}

void ProxiedCall::Forward(Route route) {
  parts_.service.Routed(*call_, route);
  route_ = std::move(route);
  if (!rewriter_.approved()) {
    rewriter_.Approve(IdentitySuffix(decided_session_, call_->principal->user.str()), engine_.pipe);
    FeedBacklog();
    if (settled_) return;
  }
  NoteBegun();
  if (is_long_) parts_.service.StillRuns(*call_);
  CountHeld();
  OpenEngineStream();
  if (!settled_ && client_.finished) EndRequest();
}

void ProxiedCall::OpenEngineStream() {
  engine_.headers.Truncate(client_fields_);
  const Secret& secret = route_->engine->secret;
  // A registered engine may ask for none.
  if (!secret.empty())
    engine_.headers.Add("authorization", "Bearer " + std::string(secret.Reveal()));
  if (deadline_ != SteadyTime::max()) {
    engine_.headers.Add("grpc-timeout", FormatGrpcTimeout(deadline_ - parts_.loop.now()));
  }
  const Result<EngineConnection*> link = parts_.links->Get(*route_->engine, id_);
  if (!link) return Fail(StatusOf(link.error()));
  if (!(*link)->Open(*this)) return EngineLost(EngineLoss::kUnreachable);
}

void ProxiedCall::NoteBegun() {
  if (begun_ || !route_ || !rewriter_.first_message_complete()) return;
  begun_ = true;
  parts_.loop.Cancel(first_message_timer_);
  parts_.service.Began(*call_, ReadEnvelope());
  if (is_long_) parts_.service.StillRuns(*call_);
}

// Bytes that wait for a decision count against all calls' limit; a message whose session id has not
// come within a window goes on arriving as long as that allows.
void ProxiedCall::CountHeld() {
  const uint64_t now = route_ || settled_ ? 0 : engine_.pipe.bytes() + backlog_.bytes();
  if (now == held_) return;
  Http2Stats& stats = parts_.stats;
  const uint64_t all =
      stats.held_bytes.fetch_add(now - held_, std::memory_order_relaxed) + now - held_;
  held_ = now;
  stats.held.Set(static_cast<double>(all));
  if (all > parts_.options.held_bytes && now > 0) {
    stats.over_held_bytes.Increment();
    return Fail(StatusOf(
        {Code::kResourceExhausted,
         fmt::format("requests that wait for engines hold more than {} (limits.held_bytes); "
                     "try again later",
                     FormatSize(parts_.options.held_bytes))}));
  }
  const bool undecided = !rewriter_.scanner().has_session_id();
  if (undecided && now > parts_.options.stream_window / 2 && client_.connection != nullptr) {
    client_.connection->Credit(client_.stream, engine_.pipe.Settle());
  }
}

// ---- time --------------------------------------------------------------------------------------

void ProxiedCall::StartTimers() {
  if (deadline_ != SteadyTime::max()) {
    deadline_timer_ = parts_.loop.RunAfter(deadline_ - parts_.loop.now(), [this] {
      Fail(StatusOf({Code::kDeadlineExceeded, "the call's own deadline has passed"}));
    });
  }
  parts_.recent.Add(id_);
}

void ProxiedCall::AfterAMoment() {
  is_long_ = true;
  if (settled_) return;
  if (begun_) return parts_.service.StillRuns(*call_);
  if (engine_.finished) return;
  const Duration left = parts_.options.first_message_timeout - RecentCalls::kMoment;
  first_message_timer_ = parts_.loop.RunAfter(std::max(left, Duration::zero()), [this] {
    if (rewriter_.first_message_complete() || rewriter_.approved()) return;
    Fail(StatusOf(
        {Code::kDeadlineExceeded,
         fmt::format("the first message was not there within {} (limits.first_message_timeout)",
                     FormatDuration(parts_.options.first_message_timeout))}));
  });
}

void ProxiedCall::StopTimers() {
  parts_.loop.Cancel(deadline_timer_);
  parts_.loop.Cancel(first_message_timer_);
}

}  // namespace foxfire::server::http2
