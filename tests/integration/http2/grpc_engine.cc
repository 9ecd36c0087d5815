#include "tests/integration/http2/grpc_engine.h"

#include <chrono>

namespace foxfire::server::http2 {
namespace {

std::string TextOf(const grpc::string_ref& text) { return {text.data(), text.size()}; }

}  // namespace

// Deletes itself when gRPC is done with it.
class GrpcEngine::Call final : public grpc::ServerGenericBidiReactor {
 public:
  Call(GrpcEngine& engine, grpc::GenericCallbackServerContext& context)
      : engine_(engine), context_(context) {
    const auto left = context.deadline() - std::chrono::system_clock::now();
    context.AddTrailingMetadata(
        "x-left-ms",
        std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(left).count()));
    for (const auto& [name, value] : context.client_metadata()) {
      if (name.starts_with("x-back-")) context.AddTrailingMetadata(TextOf(name), TextOf(value));
    }
    if (Has("x-compress")) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    if (Has("x-at-once")) {
      End(Scripted());
    } else {
      StartRead(&message_);
    }
  }

 private:
  bool Has(const std::string& name) const { return context_.client_metadata().count(name) > 0; }
  std::string Value(const std::string& name) const {
    const auto found = context_.client_metadata().find(name);
    return found == context_.client_metadata().end() ? "" : TextOf(found->second);
  }
  grpc::Status Scripted() const {
    if (!Has("x-code")) return grpc::Status::OK;
    return {static_cast<grpc::StatusCode>(std::stoi(Value("x-code"))), Value("x-message-bin"),
            Value("x-details-bin")};
  }
  void End(const grpc::Status& status) {
    if (!ended_.exchange(true)) Finish(status);
  }

  void OnReadDone(bool ok) override {
    if (ok) return StartWrite(&message_);
    if (!Has("x-hang")) End(Scripted());
  }
  void OnWriteDone(bool ok) override {
    if (ok) StartRead(&message_);
  }
  void OnCancel() override {
    ++engine_.cancelled_;
    End(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

  GrpcEngine& engine_;
  grpc::GenericCallbackServerContext& context_;
  grpc::ByteBuffer message_;
  std::atomic<bool> ended_{false};
};

GrpcEngine::GrpcEngine(const std::map<std::string, int>& settings) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.SetMaxReceiveMessageSize(-1);
  builder.SetMaxSendMessageSize(-1);
  for (const auto& [name, value] : settings) builder.AddChannelArgument(name, value);
  builder.RegisterCallbackGenericService(this);
  server_ = builder.BuildAndStart();
}

GrpcEngine::~GrpcEngine() {
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

size_t GrpcEngine::connections() const {
  MutexLock lock(mutex_);
  return peers_.size();
}

void GrpcEngine::GoAway() { server_->Shutdown(); }

grpc::ServerGenericBidiReactor* GrpcEngine::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  {
    MutexLock lock(mutex_);
    peers_.insert(context->peer());
  }
  return new Call(*this, *context);
}

}  // namespace foxfire::server::http2
