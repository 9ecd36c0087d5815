// Health probes by gRPC C++: one connection an engine, kept while it answers; one thread for all.
#pragma once

#include <grpcpp/completion_queue.h>

#include <map>
#include <memory>
#include <thread>

#include "common/mutex.h"
#include "server/engine/probe_client.h"

namespace foxfire::server {

class EngineStub;

// A probe that fails closes its connection, so that the next one does not fail for the connection's
// sake. Thread-safe; `done` runs on the thread `probe`.
//
// Not gRPC's callback API: in 1.51 the last channel's end takes the threads of the callbacks along,
// and from a callback that aborts the process.
class GrpcProbeClient final : public ProbeClient {
 public:
  GrpcProbeClient();
  // Cancels what is under way and waits until the last `done` has returned.
  ~GrpcProbeClient() override;

  void Probe(const ProbeTarget& target, Duration timeout, Done done) override;
  void Forget(const EngineId& id) override;

  // Engines that it keeps a connection for.
  size_t connections() const EXCLUDES(mutex_);

 private:
  struct Probing;
  using StubPtr = std::shared_ptr<EngineStub>;
  using ProbingPtr = std::shared_ptr<Probing>;

  StubPtr StubOf(const ProbeTarget& target) EXCLUDES(mutex_);
  void Run();
  void Ended(Probing& probing) EXCLUDES(mutex_);

  mutable Mutex mutex_;
  ConditionVariable ended_;
  std::map<EngineId, StubPtr> stubs_ GUARDED_BY(mutex_);  // the last reference closes it
  std::map<Probing*, ProbingPtr> under_way_ GUARDED_BY(mutex_);
  grpc::CompletionQueue queue_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace foxfire::server
