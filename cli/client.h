// The connection to a gateway's admin API.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "common/files.h"
#include "common/result.h"
#include "common/secret.h"
#include "proto/admin.grpc.pb.h"

namespace foxfire::cli {

namespace pb = ::foxfire::admin::v1;

struct ClientOptions {
  std::string server = "localhost:15003";
  Secret token;
  bool tls = false;
  Path ca_file;  // PEM; empty: the certificates that gRPC trusts
  Duration timeout = std::chrono::seconds(30);
};

// Every call carries the token and ends within the timeout. Its errors say what to do about them.
// Thread-compatible.
class Client {
 public:
  static Result<std::unique_ptr<Client>> Create(ClientOptions options);

  template <typename Request, typename Response>
  using Method = grpc::Status (pb::Admin::StubInterface::*)(grpc::ClientContext*, const Request&,
                                                            Response*);

  // `extra` is added to the timeout, for calls that wait for something.
  template <typename Request, typename Response>
  Result<Response> Call(Method<Request, Response> method, const Request& request,
                        Duration extra = {}) {
    grpc::ClientContext context;
    Prepare(context, extra);
    Response response;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return tl::unexpected(ToError(status));
    return response;
  }

  Result<void> EngineLogs(const pb::EngineLogsRequest& request,
                          const std::function<void(std::string_view)>& consume);

 private:
  Client(ClientOptions options, std::unique_ptr<pb::Admin::StubInterface> stub)
      : options_(std::move(options)), stub_(std::move(stub)) {}
  void Prepare(grpc::ClientContext& context, Duration extra) const;
  Error ToError(const grpc::Status& status) const;

  const ClientOptions options_;
  const std::unique_ptr<pb::Admin::StubInterface> stub_;
};

}  // namespace foxfire::cli
