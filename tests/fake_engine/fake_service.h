// The fake engine's gRPC face: any method of any service.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>

#include <cstdint>
#include <memory>
#include <string>

#include "common/json.h"
#include "common/result.h"
#include "common/secret.h"
#include "tests/fake_engine/counters.h"

namespace foxfire::fake {

// Methods below /fake.Engine/ are the test's own and need no bearer token: Counters answers with
// Counters::ToJson, Disconnect breaks every connection but the asking one's answer need not arrive.
// Everything else is a FakeCall, if the token is right. Thread-safe.
class FakeService final : public grpc::CallbackGenericService {
 public:
  // `counters` is borrowed and must outlive this. `own`: what echoes tell of the engine.
  FakeService(const Secret& secret, Json own, Counters& counters);

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

  void ListensOn(int port) { port_ = port; }

 private:
  bool IsAuthorized(const grpc::GenericCallbackServerContext& context) const;

  const std::string expected_authorization_;
  const Json own_;
  Counters& counters_;
  int port_ = 0;
};

struct RunningServer {
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

// Listens on `address` (an IP address) and `port` (0: any).
Result<RunningServer> Serve(FakeService& service, const std::string& address, int port);

}  // namespace foxfire::fake
