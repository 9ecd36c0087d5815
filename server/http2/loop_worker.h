// One loop of the data plane: its thread, and everything that is confined to it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include "server/http2/block.h"
#include "server/http2/call_table.h"
#include "server/http2/engine_links.h"
#include "server/http2/event_loop.h"
#include "server/http2/greeting.h"
#include "server/http2/loop_parts.h"

namespace foxfire::server::http2 {

// Start once, Stop once (or destroy). The methods are for the data plane's own thread; what they do
// happens on the loop's.
class LoopWorker {
 public:
  // All borrowed, must outlive this.
  static Result<std::unique_ptr<LoopWorker>> Create(const DataPlaneOptions& options,
                                                    CallService& service, Http2Stats& stats,
                                                    const TlsContext* tls, const Clock& clock);
  ~LoopWorker();

  void Start(const std::string& name);
  // Closes what is open and joins the thread.
  void Stop();

  EventLoop& loop() { return *loop_; }

  // Takes over an accepted connection, whose calls are all told `refusal` if there is one; from any
  // thread.
  void Adopt(UniqueFd fd, std::string peer, std::optional<CallStatus> refusal);

  // Tells clients to take new calls elsewhere; `done` is called on the loop's thread when the last
  // answer has been written. From any thread.
  void Drain(Task done);

 private:
  LoopWorker(const DataPlaneOptions& options, CallService& service, Http2Stats& stats,
             const TlsContext* tls, std::unique_ptr<EventLoop> loop);
  void Greet(UniqueFd fd, std::string peer, std::optional<CallStatus> refusal);
  void CloseAll();

  const TlsContext* const tls_;
  Http2Stats& stats_;
  std::unique_ptr<EventLoop> loop_;
  LoopMemory memory_;
  CallTable calls_;
  RecentCalls recent_;
  Turn turn_;
  ClientConnection* clients_ = nullptr;
  std::unique_ptr<EngineLinks> links_;
  LoopParts parts_;
  bool draining_ = false;
  std::unordered_map<Greeting*, std::unique_ptr<Greeting>> greetings_;
  std::thread thread_;
};

}  // namespace foxfire::server::http2
