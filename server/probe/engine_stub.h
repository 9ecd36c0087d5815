// The call that shows whether an engine is at work, by gRPC C++.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/secret.h"

namespace foxfire::server {

// Of what an engine says in its errors: it is not ours to trust, nor anybody's to read unbounded.
inline constexpr size_t kEngineWordsMax = 200;

// A connection to one engine, plaintext as the data plane's; made with the first call, closed with
// the stub and its last call. Thread-safe.
//
// It releases a session that there never was (ReleaseSession). Measured on Spark 4.2.1: that goes
// through the engine's authentication and its session manager, is answered with OK, makes no
// session, leaves none behind as closed, and writes no line to the log, whereas ReleaseExecute of
// an unknown session costs the engine a stack trace of 35 lines each time.
class EngineStub {
 public:
  // One call, for as long as it is under way.
  struct Call {
    grpc::ClientContext context;
    grpc::ByteBuffer answer;
    grpc::Status status;  // once its tag has come
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  };

  // `endpoint`: "10.0.0.7:15002", "[fd00::7]:15002" or with a name.
  explicit EngineStub(std::string endpoint);

  const std::string& endpoint() const { return endpoint_; }

  // `secret`: the bearer token; empty: none is sent. `tag` comes out of `queue` when the call has
  // ended, at the latest after `timeout`; `call` must live until then. Returns at once.
  void Start(const Secret& secret, Duration timeout, grpc::CompletionQueue& queue, Call& call,
             void* tag);

 private:
  const std::string endpoint_;
  const grpc::ByteBuffer request_;
  grpc::GenericStub stub_;
};

}  // namespace foxfire::server
