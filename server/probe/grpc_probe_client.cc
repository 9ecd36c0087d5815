#include "server/probe/grpc_probe_client.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "common/task_thread.h"
#include "common/text.h"
#include "common/units.h"
#include "discovery/records.h"
#include "server/probe/engine_stub.h"

namespace foxfire::server {
namespace {

// gRPC tells a refused connection from other broken ones in words only.
bool IsRefusal(const grpc::Status& status) {
  static const std::string refused = std::generic_category().message(ECONNREFUSED);
  return status.error_message().find(refused) != std::string::npos;
}

ProbeAnswer AnswerOf(const grpc::Status& status, const std::string& endpoint, Duration timeout) {
  switch (status.error_code()) {
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return {ProbeOutcome::kTimeout,
              fmt::format("{} has not answered within {}", endpoint, FormatDuration(timeout))};
    case grpc::StatusCode::UNAVAILABLE:
      if (IsRefusal(status))
        return {ProbeOutcome::kRefused, fmt::format("{} refuses connections", endpoint)};
      return {ProbeOutcome::kUnreachable,
              fmt::format("cannot reach {}: {}", endpoint,
                          ToOneLine(status.error_message(), kEngineWordsMax))};
    default:
      return {ProbeOutcome::kAnswered, ""};
  }
}

}  // namespace

struct GrpcProbeClient::Probing {
  EngineId id;
  StubPtr engine;
  Duration timeout;
  Done done;
  EngineStub::Call call;
};

GrpcProbeClient::GrpcProbeClient() : thread_([this] { Run(); }) {}

GrpcProbeClient::~GrpcProbeClient() {
  std::map<Probing*, ProbingPtr> under_way;
  {
    MutexLock lock(mutex_);
    under_way = under_way_;
  }
  for (const auto& [tag, probing] : under_way) probing->call.context.TryCancel();
  {
    MutexLock lock(mutex_);
    while (!under_way_.empty()) ended_.Wait(mutex_);
  }
  queue_.Shutdown();
  thread_.join();
}

void GrpcProbeClient::Probe(const ProbeTarget& target, Duration timeout, Done done) {
  const auto probing = std::make_shared<Probing>();
  probing->id = target.id;
  probing->engine = StubOf(target);
  probing->timeout = timeout;
  probing->done = std::move(done);
  {
    MutexLock lock(mutex_);
    under_way_.emplace(probing.get(), probing);
  }
  probing->engine->Start(target.secret, timeout, queue_, probing->call, probing.get());
}

void GrpcProbeClient::Forget(const EngineId& id) {
  StubPtr stub;  // goes after the mutex is released
  std::vector<ProbingPtr> of_engine;
  {
    MutexLock lock(mutex_);
    if (auto node = stubs_.extract(id)) stub = std::move(node.mapped());
    for (const auto& [tag, probing] : under_way_) {
      if (probing->id == id) of_engine.push_back(probing);
    }
  }
  for (const ProbingPtr& probing : of_engine) probing->call.context.TryCancel();
}

void GrpcProbeClient::Run() {
  NameThisThread("probe");
  void* tag = nullptr;
  bool ok = false;  // says nothing about the end of a unary call
  while (queue_.Next(&tag, &ok)) Ended(*static_cast<Probing*>(tag));
}

void GrpcProbeClient::Ended(Probing& probing) {
  ProbeAnswer answer = AnswerOf(probing.call.status, probing.engine->endpoint(), probing.timeout);
  StubPtr given_up;
  ProbingPtr ended;
  {
    MutexLock lock(mutex_);
    const auto found = stubs_.find(probing.id);
    if (answer.outcome != ProbeOutcome::kAnswered && found != stubs_.end() &&
        found->second == probing.engine)
      given_up = std::move(stubs_.extract(found).mapped());
  }
  probing.done(std::move(answer));
  MutexLock lock(mutex_);
  ended = std::move(under_way_.extract(&probing).mapped());
  ended_.NotifyAll();
}

GrpcProbeClient::StubPtr GrpcProbeClient::StubOf(const ProbeTarget& target) {
  MutexLock lock(mutex_);
  StubPtr& stub = stubs_[target.id];
  if (stub == nullptr)
    stub = std::make_shared<EngineStub>(discovery::FormatEndpoint({target.host, target.port}));
  return stub;
}

size_t GrpcProbeClient::connections() const {
  MutexLock lock(mutex_);
  return stubs_.size();
}

}  // namespace foxfire::server
