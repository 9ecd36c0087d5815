#include "tests/fake_engine/fake_service.h"

#include <grpcpp/server_builder.h>

#include <string_view>
#include <utility>

#include "tests/fake_engine/call_script.h"
#include "tests/fake_engine/fake_call.h"

namespace foxfire::fake {
namespace {

constexpr std::string_view kControlPath = "/fake.Engine/";
constexpr std::string_view kSparkPath = "/spark.connect.SparkConnectService/";

std::string_view View(const grpc::string_ref& text) { return {text.data(), text.size()}; }

// Ends a call with a status.
class RefusedCall final : public grpc::ServerGenericBidiReactor {
 public:
  explicit RefusedCall(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

// Answers one message and ends with OK.
class AnsweredCall final : public grpc::ServerGenericBidiReactor {
 public:
  explicit AnsweredCall(const std::string& answer) : answer_(ToBuffer(answer)) {
    StartWriteAndFinish(&answer_, {}, grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  const grpc::ByteBuffer answer_;
};

std::string_view ScriptOf(const grpc::GenericCallbackServerContext& context) {
  const auto found = context.client_metadata().find({kScriptHeader.data(), kScriptHeader.size()});
  return found == context.client_metadata().end() ? "" : View(found->second);
}

}  // namespace

FakeService::FakeService(const Secret& secret, Json own, Counters& counters)
    : expected_authorization_(secret.empty() ? "" : "Bearer " + std::string(secret.Reveal())),
      own_(std::move(own)),
      counters_(counters) {}

// As Spark's own interceptor does it, and no second token beside the right one. One that has no
// secret takes no token at all.
bool FakeService::IsAuthorized(const grpc::GenericCallbackServerContext& context) const {
  const auto [first, last] = context.client_metadata().equal_range("authorization");
  if (expected_authorization_.empty()) return first == last;
  return first != last && std::next(first) == last &&
         View(first->second) == expected_authorization_;
}

grpc::ServerGenericBidiReactor* FakeService::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  const std::string& method = context->method();
  if (method == std::string(kControlPath) + "Counters")
    return new AnsweredCall(ToText(counters_.ToJson()));
  if (method == std::string(kControlPath) + "Disconnect") {
    Disconnect("", port_);
    return new AnsweredCall("");
  }
  if (!method.starts_with(kSparkPath))
    return new RefusedCall({grpc::StatusCode::UNIMPLEMENTED, "no such service: " + method});
  if (!IsAuthorized(*context)) {
    counters_.Refused();
    return new RefusedCall({grpc::StatusCode::UNAUTHENTICATED, "Invalid authentication token"});
  }
  const auto script = ParseCallScript(ScriptOf(*context));
  if (!script) {
    return new RefusedCall({grpc::StatusCode::INVALID_ARGUMENT,
                            std::string(kScriptHeader) + ": " + script.error().message});
  }
  return new FakeCall(*context, *script, own_, counters_);
}

Result<RunningServer> Serve(FakeService& service, const std::string& address, int port) {
  RunningServer running;
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(-1);
  builder.SetMaxSendMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 1 << 20);
  // Spark's engines keep the default ping policy of grpc-netty, which is gRPC C++'s too: who pings
  // more often than every five minutes is sent away.
  builder.AddListeningPort(address + ":" + std::to_string(port), grpc::InsecureServerCredentials(),
                           &running.port);
  builder.RegisterCallbackGenericService(&service);
  running.server = builder.BuildAndStart();
  if (!running.server || running.port == 0)
    return MakeError(Code::kUnavailable, "cannot listen on " + address);
  service.ListensOn(running.port);
  return running;
}

}  // namespace foxfire::fake
