#include "server/http2/loop_worker.h"

#include "common/log.h"
#include "common/task_thread.h"
#include "server/http2/client_connection.h"

namespace foxfire::server::http2 {

Result<std::unique_ptr<LoopWorker>> LoopWorker::Create(const DataPlaneOptions& options,
                                                       CallService& service, Http2Stats& stats,
                                                       const TlsContext* tls, const Clock& clock) {
  ASSIGN_OR_RETURN(std::unique_ptr<EventLoop> loop, EventLoop::Create(clock));
  return std::unique_ptr<LoopWorker>(new LoopWorker(options, service, stats, tls, std::move(loop)));
}

LoopWorker::LoopWorker(const DataPlaneOptions& options, CallService& service, Http2Stats& stats,
                       const TlsContext* tls, std::unique_ptr<EventLoop> loop)
    : tls_(tls),
      stats_(stats),
      loop_(std::move(loop)),
      memory_(options.piece),
      recent_(*loop_, calls_),
      parts_{options, service, stats,   *loop_,   memory_, turn_,
             calls_,  recent_, nullptr, clients_, nullptr} {
  links_ = std::make_unique<EngineLinks>(parts_);
  parts_.links = links_.get();
}

LoopWorker::~LoopWorker() { Stop(); }

void LoopWorker::Start(const std::string& name) {
  thread_ = std::thread([this, name] {
    NameThisThread(name);
    loop_->Run(turn_);
    CloseAll();
  });
}

void LoopWorker::Stop() {
  if (!thread_.joinable()) return;
  loop_->Stop();
  thread_.join();
}

void LoopWorker::Adopt(UniqueFd fd, std::string peer, std::optional<CallStatus> refusal) {
  // Tasks are copyable, sockets are not: it travels as a number and has an owner again on arrival.
  loop_->Post([this, raw = fd.Release(), peer = std::move(peer), refusal = std::move(refusal)] {
    Greet(UniqueFd(raw), peer, refusal);
  });
}

void LoopWorker::Greet(UniqueFd fd, std::string peer, std::optional<CallStatus> refusal) {
  if (draining_) {
    stats_.open_connections.fetch_sub(1);
    return;
  }
  auto greeting = std::make_unique<Greeting>(
      parts_, std::move(fd), std::move(peer), tls_, std::move(refusal), [this](Greeting& done) {
        // It is on the stack now.
        loop_->Post([this, key = &done] { greetings_.erase(key); });
      });
  Greeting& begun = *greeting;
  greetings_.emplace(&begun, std::move(greeting));
  if (const auto watching = begun.Begin(); !watching) {
    Log("http2").error("{}", watching.error().message);
    greetings_.erase(&begun);
  }
}

void LoopWorker::Drain(Task done) {
  loop_->Post([this, done = std::move(done)] {
    draining_ = true;
    greetings_.clear();
    for (ClientConnection* client = clients_; client != nullptr; client = client->next()) {
      client->Drain();
    }
    if (clients_ == nullptr) return done();
    parts_.when_no_clients = done;
  });
}

void LoopWorker::CloseAll() {
  greetings_.clear();
  // Closed connections leave the list only when they are buried, at the end of the turn.
  for (ClientConnection* client = clients_; client != nullptr; client = client->next()) {
    client->Close("the gateway stops");
  }
  links_.reset();
  turn_.EndTurn();
}

}  // namespace foxfire::server::http2
