#include "server/probe/engine_stub.h"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <utility>

#include "common/ids.h"
#include "server/connect/methods.h"
#include "server/connect/wire_writer.h"

namespace foxfire::server {
namespace {

constexpr std::string_view kProbeUser = "foxfire-probe";

grpc::ByteBuffer ReleaseOfNoSession() {
  const grpc::Slice slice(IdentitySuffix(NewUuid(), kProbeUser));
  return {&slice, 1};
}

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  // A connection that is given up must be closed, and not be found again by the next channel.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // No pings: engines send away who pings often.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  return arguments;
}

}  // namespace

EngineStub::EngineStub(std::string endpoint)
    : endpoint_(std::move(endpoint)),
      request_(ReleaseOfNoSession()),
      stub_(grpc::CreateCustomChannel(endpoint_, grpc::InsecureChannelCredentials(), Arguments())) {
}

void EngineStub::Start(const Secret& secret, Duration timeout, grpc::CompletionQueue& queue,
                       Call& call, void* tag) {
  call.context.set_deadline(
      std::chrono::system_clock::now() +
      std::chrono::duration_cast<std::chrono::system_clock::duration>(timeout));
  if (!secret.empty())
    call.context.AddMetadata("authorization", fmt::format("Bearer {}", secret.Reveal()));
  call.reader = stub_.PrepareUnaryCall(&call.context, std::string(kServicePath) + "ReleaseSession",
                                       request_, &queue);
  call.reader->StartCall();
  call.reader->Finish(&call.answer, &call.status, tag);
}

}  // namespace foxfire::server
