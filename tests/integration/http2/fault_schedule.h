// What goes wrong in one run of the fault suite: made of a seed, the same each time.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace foxfire::server::http2 {

// What an engine does instead of going on.
enum class EngineFault {
  kNone,
  kDies,         // nobody listens any more, every connection is gone
  kHangsUp,      // every connection is gone
  kResets,       // the one stream, with a random code
  kGarbage,      // bytes that are no HTTP/2
  kGoAway,       // GOAWAY, and serves what has come
  kRefusesRest,  // GOAWAY that refuses every stream
  kHangs,        // nothing any more
  kFails,        // a gRPC status of its own
};

// How far a call has come when it happens.
enum class EngineStep { kHeaders, kRequestRead, kAnswered, kFirstMessage, kHalfMessage, kTrailers };

enum class ClientFault { kNone, kCancels, kHangsUp, kStopsSending };

struct CallPlan {
  std::string_view method;
  std::string session;
  std::vector<std::string> requests;  // whole messages
  size_t requests_sent = 0;           // fewer, if the client stops sending
  std::vector<std::string> answers;
  EngineFault engine_fault = EngineFault::kNone;
  EngineStep engine_step = EngineStep::kHeaders;
  uint32_t reset_code = 0;
  ClientFault client_fault = ClientFault::kNone;
  size_t client_waits_for = 0;  // that many answers, before it cancels or hangs up
  int timeout_ms = 0;           // 0: none
  size_t connection = 0;

  // It can only end by its deadline.
  bool MayNeedDeadline() const {
    return engine_fault == EngineFault::kHangs || client_fault == ClientFault::kStopsSending;
  }
};

struct FaultSchedule {
  uint64_t seed = 0;
  size_t connections = 1;
  std::vector<CallPlan> calls;

  // Some fault of an engine may hit every call.
  bool HasSharedFault() const;
  static FaultSchedule Make(uint64_t seed);
  // For the person who has to find out what went wrong.
  std::string Describe() const;
};

}  // namespace foxfire::server::http2
