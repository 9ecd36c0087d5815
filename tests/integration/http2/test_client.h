// A gRPC client for tests, on one HTTP/2 connection.
#pragma once

#include <poll.h>

#include <chrono>
#include <string>
#include <vector>

#include "common/result.h"
#include "server/connect/methods.h"
#include "tests/integration/http2/http2_peer.h"
#include "tests/support/awaited.h"
#include "tests/support/wire_message.h"

namespace foxfire::server::http2 {

inline constexpr std::string_view kOperation = "33333333-2222-3333-4444-555555555555";

// What became of a call. `code` is kUnknown if no grpc-status has come.
struct CallOutcome {
  Code code = Code::kUnknown;
  std::string message;  // percent-encoded
  std::string details;  // base64
  std::vector<std::string> messages;
  Headers headers;
  Headers trailers;
  uint32_t closed = 0;  // HTTP/2 error code
};

// A request as Spark's clients write it: the session, somebody else's name, an operation.
inline std::string ExecuteRequest(std::string_view session, std::string_view payload = "plan") {
  return WireMessage()
      .Bytes(1, session)
      .User("mallory")
      .Bytes(3, payload)
      .Bytes(6, kOperation)
      .str();
}

// Does its work in Await() and what calls it. Confined to one thread.
class TestClient {
 public:
  explicit TestClient(uint16_t port, const PeerOptions& options = {}, int receive_buffer = 0)
      : peer_(ConnectTo(port, receive_buffer), options) {}

  Http2Peer& peer() { return peer_; }
  PeerStream& stream(int32_t id) { return peer_.streams()[id]; }

  // Opens a call of alice's; `extra` headers come last.
  int32_t Begin(const std::string& method, const Headers& extra = {},
                const std::string& token = "token-of-alice") {
    Headers headers = {{":method", "POST"},
                       {":scheme", "http"},
                       {":path", std::string(kServicePath) + method},
                       {":authority", "127.0.0.1"},
                       {"te", "trailers"},
                       {"content-type", "application/grpc"},
                       {"user-agent", "test"}};
    if (!token.empty()) headers.emplace_back("authorization", "Bearer " + token);
    headers.insert(headers.end(), extra.begin(), extra.end());
    return peer_.Request(headers);
  }
  // A whole request with one message.
  int32_t Call(const std::string& method, std::string_view request, const Headers& extra = {},
               const std::string& token = "token-of-alice") {
    const int32_t id = Begin(method, extra, token);
    peer_.Send(id, GrpcMessage(request));
    peer_.End(id);
    return id;
  }
  CallOutcome Execute(std::string_view session = kSessionA, std::string_view payload = "plan") {
    return AwaitEnd(Call("ExecutePlan", ExecuteRequest(session, payload)));
  }

  // Moves bytes until `holds`; false at the deadline, or if the connection ends first.
  template <typename Predicate>
  bool Await(Predicate holds, Duration patience = kTestPatience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
      if (peer_.closed() || std::chrono::steady_clock::now() > deadline) return holds();
      peer_.Turn();
      if (holds() || peer_.closed()) continue;
      pollfd one{peer_.fd(), peer_.Events(), 0};
      poll(&one, 1, 50);
    }
    return true;
  }
  // Sends what there is to send.
  void Flush() {
    Await([this] { return (peer_.Events() & POLLOUT) == 0; });
  }
  CallOutcome AwaitEnd(int32_t id) {
    Await([this, id] { return stream(id).closed.has_value(); });
    return OutcomeOf(id);
  }
  CallOutcome OutcomeOf(int32_t id) {
    const PeerStream& from = stream(id);
    CallOutcome outcome;
    outcome.headers = from.headers;
    outcome.trailers = from.trailers;
    outcome.messages = GrpcMessages(from.body);
    outcome.closed = from.closed.value_or(0);
    const Headers& last = from.trailers.empty() ? from.headers : from.trailers;
    const std::string code = ValueOf(last, "grpc-status");
    if (!code.empty()) outcome.code = static_cast<Code>(std::stoi(code));
    outcome.message = ValueOf(last, "grpc-message");
    outcome.details = ValueOf(last, "grpc-status-details-bin");
    return outcome;
  }

 private:
  Http2Peer peer_;
};

}  // namespace foxfire::server::http2
