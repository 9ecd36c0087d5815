// Errors as a Spark Connect client wants them: a gRPC code and message, and the same again in
// grpc-status-details-bin. Without the second PySpark shows the raw RPC object instead of one clean
// line, and with a differing one it raises ValueError (docs/errors.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/result.h"

namespace foxfire::server {

// How a call ends when Foxfire ends it. A value type.
struct CallStatus {
  Code code = Code::kOk;
  std::string message;
  std::string details;  // a serialised google.rpc.Status; empty: none

  bool ok() const { return code == Code::kOk; }
};

// A status whose details hold just code and message: PySpark shows exactly the message.
CallStatus StatusOf(const Error& error);

// How long those wait who are told that it helps.
inline constexpr Duration kRetryDelay = std::chrono::seconds(5);

// The same with google.rpc.RetryInfo: clients of Spark 4.1 and later wait and try again.
CallStatus StatusWithRetry(const Error& error, Duration delay = kRetryDelay);

// INTERNAL with ErrorInfo INVALID_HANDLE.SESSION_CHANGED: PySpark's getOrCreate() then opens a new
// session. Only ever for a session id that was known before.
CallStatus SessionChanged(std::string_view session_id, std::string_view why);

// `message` as the grpc-message header carries it: percent-encoded (gRPC over HTTP/2, "Responses").
std::string EncodeGrpcMessage(std::string_view message);

}  // namespace foxfire::server
