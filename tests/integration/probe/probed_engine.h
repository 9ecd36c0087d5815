// An engine on gRPC C++ that answers probes, or hangs.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "common/mutex.h"

namespace foxfire::server {

// Thread-safe.
class ProbedEngine final : private grpc::CallbackGenericService {
 public:
  // What it was asked last.
  struct Seen {
    std::string method;
    std::string authorization;
    std::string request;
  };

  // `port` 0: any free one.
  explicit ProbedEngine(int port = 0) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
  }
  ~ProbedEngine() override {
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }

  uint16_t port() const { return static_cast<uint16_t>(port_); }
  void Hang(bool hangs) { hangs_ = hangs; }
  void AnswerWith(grpc::StatusCode code, const std::string& words = "as the test says")
      EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    status_ = {code, words};
  }
  int calls() const { return calls_; }
  int cancelled() const { return cancelled_; }
  size_t connections() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return peers_.size();
  }
  Seen seen() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return seen_;
  }

 private:
  // Deletes itself when gRPC is done with it.
  class Call final : public grpc::ServerGenericBidiReactor {
   public:
    Call(ProbedEngine& engine, grpc::GenericCallbackServerContext& context)
        : engine_(engine), context_(context) {
      StartRead(&message_);
    }

   private:
    void End(const grpc::Status& status) {
      if (!ended_.exchange(true)) Finish(status);
    }
    void OnReadDone(bool ok) override {
      if (!ok) return End(grpc::Status::CANCELLED);
      engine_.Note(context_, message_);
      if (engine_.hangs_) return;
      const grpc::Status status = engine_.status();
      if (!status.ok()) return End(status);
      message_ = grpc::ByteBuffer();
      if (!ended_.exchange(true)) StartWriteAndFinish(&empty_, {}, grpc::Status::OK);
    }
    void OnCancel() override {
      ++engine_.cancelled_;
      End(grpc::Status::CANCELLED);
    }
    void OnDone() override { delete this; }

    ProbedEngine& engine_;
    grpc::GenericCallbackServerContext& context_;
    grpc::ByteBuffer message_;
    const grpc::Slice nothing_{""};
    const grpc::ByteBuffer empty_{&nothing_, 1};
    std::atomic<bool> ended_{false};
  };

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new Call(*this, *context);
  }

  grpc::Status status() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return status_;
  }
  void Note(const grpc::GenericCallbackServerContext& context, const grpc::ByteBuffer& message)
      EXCLUDES(mutex_) {
    grpc::Slice slice;
    const bool dumped = message.DumpToSingleSlice(&slice).ok();
    MutexLock lock(mutex_);
    peers_.insert(context.peer());
    seen_.method = context.method();
    const auto found = context.client_metadata().find("authorization");
    seen_.authorization = found == context.client_metadata().end()
                              ? ""
                              : std::string(found->second.data(), found->second.size());
    if (dumped) seen_.request.assign(reinterpret_cast<const char*>(slice.begin()), slice.size());
    ++calls_;
  }

  int port_ = 0;
  std::atomic<bool> hangs_{false};
  std::atomic<int> calls_{0};
  std::atomic<int> cancelled_{0};
  mutable Mutex mutex_;
  grpc::Status status_ GUARDED_BY(mutex_);
  std::set<std::string> peers_ GUARDED_BY(mutex_);
  Seen seen_ GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace foxfire::server
