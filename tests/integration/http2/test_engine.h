// A gRPC server for tests that stands for a Spark engine: real sockets, scripted answers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "tests/integration/http2/http2_peer.h"
#include "tests/support/awaited.h"

namespace foxfire::server::http2 {

// A call as it has reached the engine.
struct EngineCall {
  Http2Peer* peer = nullptr;
  int32_t id = 0;

  PeerStream& stream() const { return peer->streams()[id]; }
  std::vector<std::string> messages() const { return GrpcMessages(stream().body); }
  void Respond(const Headers& extra = {}) const;
  void Send(std::string_view message) const { peer->Send(id, GrpcMessage(message)); }
  void End(const Headers& trailers = {{"grpc-status", "0"}}) const { peer->End(id, trailers); }
};

// Answers on a thread of its own; Do() and Await() run what they are given there. Those methods are
// for the test's thread.
class TestEngine {
 public:
  // Called when a call has news: headers, data, an end.
  using Script = std::function<void(const EngineCall&)>;
  using Calls = std::vector<EngineCall>;

  // Sends every request's messages back when the request has ended.
  static void Echo(const EngineCall& call);
  // Answers nothing; the test does, through Do().
  static void Silence(const EngineCall&) {}

  explicit TestEngine(Script script = Echo, PeerOptions options = {}, int receive_buffer = 0);
  ~TestEngine();

  uint16_t port() const { return port_; }
  // Calls in the order of their arrival; references are valid on the engine's thread only.
  void Do(const std::function<void(Calls&)>& task);
  // False at the deadline.
  bool Await(const std::function<bool(Calls&)>& holds);
  bool AwaitCalls(size_t count);

  // As Do(), without waiting for it. From any thread, scripts included.
  void Post(std::function<void()> task);
  // As Kill() and CloseConnections(), for scripts and tasks: on the engine's thread.
  void DieNow();
  void HangUpNow();

  // Nobody listens on the port any more.
  void StopListening();
  // Every connection is gone without a word.
  void CloseConnections();
  // As SIGKILL: both.
  void Kill();
  size_t connections();

 private:
  void Run();
  void Accept();
  void RunTasks();

  const Script script_;
  PeerOptions options_;
  UniqueFd listener_;
  UniqueFd wake_;
  uint16_t port_ = 0;
  // Confined to the engine's thread.
  std::vector<std::unique_ptr<Http2Peer>> peers_;
  Calls calls_;

  ChangeSignal changed_;
  Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> tasks_ GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace foxfire::server::http2
