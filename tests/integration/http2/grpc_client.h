// A client on gRPC C++.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/connect/methods.h"

namespace foxfire::server::http2 {

struct GrpcOutcome {
  grpc::Status status;
  std::vector<std::string> messages;
  std::multimap<std::string, std::string> trailers;
};

// A call of alice's, step by step; each step waits for its end. Thread-compatible.
class GrpcCall {
 public:
  using Prepare = std::function<void(grpc::ClientContext&)>;

  GrpcCall(grpc::GenericStub& stub, const std::string& method, const Prepare& prepare) {
    context_.AddMetadata("authorization", "Bearer token-of-alice");
    if (prepare) prepare(context_);
    call_ = stub.PrepareCall(&context_, std::string(kServicePath) + method, &queue_);
    call_->StartCall(this);
    Step();
  }
  ~GrpcCall() {
    if (!finished_) {
      context_.TryCancel();
      Finish();
    }
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) continue;
  }

  bool Write(const std::string& message) {
    const grpc::Slice slice(message);
    call_->Write(grpc::ByteBuffer(&slice, 1), this);
    return Step();
  }
  bool WritesDone() {
    call_->WritesDone(this);
    return Step();
  }
  std::optional<std::string> Read() {
    grpc::ByteBuffer message;
    call_->Read(&message, this);
    if (!Step()) return std::nullopt;
    std::vector<grpc::Slice> slices;
    message.Dump(&slices);
    std::string text;
    for (const grpc::Slice& slice : slices) {
      text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    return text;
  }
  GrpcOutcome Finish() {
    GrpcOutcome outcome;
    call_->Finish(&outcome.status, this);
    Step();
    finished_ = true;
    for (const auto& [name, value] : context_.GetServerTrailingMetadata()) {
      outcome.trailers.emplace(std::string(name.data(), name.size()),
                               std::string(value.data(), value.size()));
    }
    return outcome;
  }
  grpc::ClientContext& context() { return context_; }

 private:
  bool Step() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  bool finished_ = false;
};

// On a connection of its own. Thread-safe.
class GrpcClient {
 public:
  explicit GrpcClient(uint16_t port) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, 256 << 10);
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetMaxSendMessageSize(-1);
    stub_ = std::make_unique<grpc::GenericStub>(grpc::CreateCustomChannel(
        "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments));
  }

  std::unique_ptr<GrpcCall> Begin(const std::string& method,
                                  const GrpcCall::Prepare& prepare = {}) {
    return std::make_unique<GrpcCall>(*stub_, method, prepare);
  }
  // One message there, and all that comes back.
  GrpcOutcome Call(const std::string& method, const std::string& request,
                   const GrpcCall::Prepare& prepare = {}) {
    const std::unique_ptr<GrpcCall> call = Begin(method, prepare);
    std::vector<std::string> messages;
    if (call->Write(request) && call->WritesDone()) {
      while (auto message = call->Read()) messages.push_back(*std::move(message));
    }
    GrpcOutcome outcome = call->Finish();
    outcome.messages = std::move(messages);
    return outcome;
  }

 private:
  std::unique_ptr<grpc::GenericStub> stub_;
};

}  // namespace foxfire::server::http2
