// A call on its way: a stream of a client joined to a stream of an engine.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/call/call.h"
#include "server/http2/client_wish.h"
#include "server/http2/connection.h"
#include "server/http2/grpc_framing.h"
#include "server/http2/header_list.h"
#include "server/http2/pipe.h"
#include "server/http2/request_head.h"
#include "server/http2/request_rewriter.h"

namespace foxfire::server::http2 {

class EngineConnection;

// One end of a call: the stream that carries what came from the other end.
struct CallSide {
  explicit CallSide(LoopMemory& memory) : pipe(memory) {}

  Connection* connection = nullptr;  // null: not open yet, or closed
  int32_t stream = -1;
  ProxiedCall* next = nullptr;
  ProxiedCall* previous = nullptr;
  Pipe pipe;              // to be sent here
  HeaderList headers;     // likewise
  HeaderList trailers;    // likewise
  bool ended = false;     // nothing more comes into the pipe
  bool deferred = false;  // nghttp2 waits for more in the pipe
  bool finished = false;  // END_STREAM has been received here
  uint64_t sent = 0;      // bytes out of the pipe; many: the other side's window is made wide
  size_t announced = 0;   // first bytes of the pipe that nghttp2 has made a frame's head for
};

// How an engine's connection ended, as the calls on it are told.
enum class EngineLoss {
  kDead,         // nobody listens on its port
  kUnreachable,  // it cannot be reached at the moment
  kBroken,       // the connection is gone, the engine is not
};

// From the request's first header to the end of both streams; then it goes back to the call table.
// Decisions are the call service's, this carries them out. Confined to one loop.
class ProxiedCall {
 public:
  // `id`: not used by any other call of the loop since it began.
  ProxiedCall(LoopParts& parts, uint64_t id);
  ProxiedCall(const ProxiedCall&) = delete;
  ProxiedCall& operator=(const ProxiedCall&) = delete;
  ~ProxiedCall();

  uint64_t id() const { return id_; }
  CallSide& client() { return client_; }
  CallSide& engine() { return engine_; }
  ClientSettings& settings() { return settings_; }
  // Nothing of its request has been sent and nothing answered: another engine may have it, whole.
  bool MayMove() const { return engine_.sent == 0 && !answered_ && !settled_; }
  bool HasStreams() const { return client_.connection != nullptr || engine_.connection != nullptr; }

  // What the client's connection hears. Its headers but ours go to the engine. `refusal`: the
  // connection is one whose calls are not served.
  void RequestHeadersEnd(const RequestHead& head, std::string_view peer, const CallStatus* refusal);
  void RequestData(Block* block, std::span<const uint8_t> bytes);
  void RequestEnd();
  // Called by RecentCalls: it is not one of the short ones.
  void AfterAMoment();
  void ClientClosed(uint32_t error_code);

  // What the engine's connection hears.
  void ResponseHeader(std::string_view name, std::string_view value, bool is_trailer);
  void ResponseHeadersEnd(bool is_last);
  void ResponseData(Block* block, std::span<const uint8_t> bytes);
  void ResponseEnd();
  void EngineStreamClosed(uint32_t error_code);
  // Its stream has been refused unread and is gone; the call MayMove.
  void EngineRefused();
  void EngineLost(EngineLoss loss);

  // The stream on `connection` is closed: what was for it goes nowhere.
  void StreamGone(Connection& connection);

  // Frames of `to` take `size` bytes of this call.
  void MoveOut(Connection& to, Pipe& out, size_t size);

  // Ends the call with an answer of our own; no effect once it has ended.
  void Fail(const CallStatus& status);

 private:
  void Admit(const RequestHead& head, std::string_view peer);
  void FeedPiece(Block* block, const uint8_t* data, size_t size);
  bool FeedUntilSettled(Block* block, const uint8_t* data, size_t size, size_t& used);
  void FeedBacklog();
  void Decide();
  void Routed(RouteResult route);
  void Forward(Route route);
  void OpenEngineStream();
  bool TryAnotherEngine(EngineLoss loss);
  void ReadCloneAnswer(std::span<const uint8_t> bytes);
  void EndRequest();
  void NoteBegun();
  void CountHeld();
  void StartTimers();
  void StopTimers();
  void AnswerHttp(std::string_view http_status);
  void AnswerOnly(const CallStatus& status);
  void EndWithTrailers(const CallStatus& status);
  void Resume(CallSide& side);
  static size_t DropUnannounced(CallSide& side);
  Envelope ReadEnvelope() const;
  EngineWish ReadWish() const;
  RouteCallback PostRouted() const;

  LoopParts& parts_;
  const uint64_t id_;
  CallSide client_;
  CallSide engine_;

  size_t client_fields_ = 0;  // of engine_.headers, the client's; ours come behind them
  ClientSettings settings_;

  std::optional<Call> call_;  // once it is admitted
  std::optional<Route> route_;
  std::string decided_session_;  // the session id that its route was asked for
  RequestRewriter rewriter_;
  Pipe backlog_;  // request bytes behind the first message, while it waits for its route
  uint64_t held_ = 0;
  MessageTracker answer_;
  std::string clone_answer_;  // of a call that clones its session
  SteadyTime deadline_;       // max: none
  TimerId deadline_timer_ = 0;
  TimerId first_message_timer_ = 0;
  bool settled_ = false;   // an answer of our own has ended it
  bool answered_ = false;  // response headers are on their way to the client
  bool begun_ = false;     // the service knows its operation
  bool is_long_ = false;   // AfterAMoment has been called
  int reroutes_ = 0;
  Code code_ = Code::kUnknown;  // how it ended
};

}  // namespace foxfire::server::http2
