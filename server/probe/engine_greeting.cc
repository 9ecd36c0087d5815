#include "server/probe/engine_greeting.h"

#include <fmt/format.h>

#include <utility>

#include "common/text.h"
#include "common/units.h"
#include "server/probe/engine_stub.h"

namespace foxfire::server {
namespace {

tl::unexpected<Error> Wrong(std::string what) {
  return MakeError(Code::kFailedPrecondition, std::move(what));
}

Result<void> Judge(const grpc::Status& status, const std::string& endpoint, bool has_token,
                   Duration timeout) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return {};
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return Wrong(has_token ? fmt::format("the engine at {} does not take the token of "
                                           "--engine-token-file: correct it",
                                           endpoint)
                             : fmt::format("the engine at {} asks for a token: name the file that "
                                           "holds it with --engine-token-file",
                                           endpoint));
    case grpc::StatusCode::UNIMPLEMENTED:
      return Wrong(fmt::format(
          "what answers at {} is no Spark Connect of Spark 4: correct --endpoint", endpoint));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Wrong(
          fmt::format("the engine at {} has not answered within {}: see whether it runs, "
                      "and correct --endpoint",
                      endpoint, FormatDuration(timeout)));
    default:
      return Wrong(
          fmt::format("no engine answers at {} ({}): start it, or correct --endpoint; "
                      "Foxfire speaks plaintext gRPC to engines",
                      endpoint, ToOneLine(status.error_message(), kEngineWordsMax)));
  }
}

}  // namespace

Result<void> GreetEngine(const std::string& endpoint, const Secret& token, Duration timeout) {
  EngineStub engine(endpoint);
  grpc::CompletionQueue queue;
  EngineStub::Call call;
  engine.Start(token, timeout, queue, call, &call);
  queue.Shutdown();  // it ends with what has been started
  void* tag = nullptr;
  bool ok = false;  // says nothing about the end of a unary call
  while (queue.Next(&tag, &ok)) {
  }
  return Judge(call.status, endpoint, !token.empty(), timeout);
}

}  // namespace foxfire::server
