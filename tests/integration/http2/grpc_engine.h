// An engine on gRPC C++, as another stack than Foxfire's own sees its calls.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "common/mutex.h"

namespace foxfire::server::http2 {

// Answers each message with itself. A call's metadata says more:
//   x-code, x-message-bin, x-details-bin  the status at its end
//   x-at-once   that status, before anything is read
//   x-hang      no end until it is cancelled
//   x-compress  messages go back compressed
// Metadata that begin with "x-back-" come back as trailers, with what is left of the deadline as
// x-left-ms. Thread-safe.
class GrpcEngine final : private grpc::CallbackGenericService {
 public:
  // `settings`: gRPC's channel arguments for the server.
  explicit GrpcEngine(const std::map<std::string, int>& settings = {});
  ~GrpcEngine() override;

  uint16_t port() const { return static_cast<uint16_t>(port_); }
  int cancelled() const { return cancelled_; }
  // From how many connections calls have come.
  size_t connections() const EXCLUDES(mutex_);
  // Says GOAWAY, and returns when the last call has ended.
  void GoAway();

 private:
  class Call;
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

  int port_ = 0;
  std::atomic<int> cancelled_{0};
  mutable Mutex mutex_;
  std::set<std::string> peers_ GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace foxfire::server::http2
