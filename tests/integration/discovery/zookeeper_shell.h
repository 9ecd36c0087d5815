// Somebody else with a ZooKeeper session: an engine, an operator.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/check.h"
#include "common/task_thread.h"
#include "discovery/zookeeper_client.h"
#include "tests/support/awaited.h"

namespace foxfire::discovery {

// Blocking operations on a session of its own, which ends with the object. Thread-compatible.
class ZooKeeperShell {
 public:
  explicit ZooKeeperShell(const std::string& connect, const std::string& digest = "")
      : client_(MakeZooKeeperClient({connect, std::chrono::seconds(5), Secret(std::string(digest))},
                                    thread_)) {
    const auto connected = AwaitedValue<bool>::Make();
    thread_.Post([this, connected] {
      client_->Open({[this, connected](LinkState state) {
                       if (state == LinkState::kConnected) connected->Set(true);
                       links_.Notify();
                     },
                     [](NodeEvent, const std::string&) {}});
    });
    CHECK(connected->Wait().has_value());
  }
  ~ZooKeeperShell() {
    const auto closed = AwaitedValue<bool>::Make();
    thread_.Post([this, closed] {
      client_->Close();
      closed->Set(true);
    });
    closed->Wait();
    thread_.Stop();
  }

  Result<void> Create(const std::string& path, const std::string& data,
                      NodeKind kind = NodeKind::kPersistent) {
    return Call<void>([&](auto done) { client_->Create(path, data, kind, done); });
  }
  Result<void> Put(const std::string& path, const std::string& data) {
    return Call<void>([&](auto done) { PutNode(*client_, path, data, done); });
  }
  Result<void> Remove(const std::string& path) {
    return Call<void>([&](auto done) { RemoveNode(*client_, path, done); });
  }
  Result<NodeData> Get(const std::string& path) {
    return Call<NodeData>([&](auto done) { client_->Get(path, false, done); });
  }
  // 0: there is none, or it is persistent, or ZooKeeper does not answer.
  int64_t Owner(const std::string& path) {
    const auto node = Get(path);
    return node ? node->stat.ephemeral_owner : 0;
  }
  bool Exists(const std::string& path) { return Get(path).has_value(); }

  // Asks until `holds`.
  template <typename Predicate>
  bool Await(Predicate holds) {
    return links_.Await(holds);
  }

 private:
  template <typename T>
  Result<T> Call(const std::function<void(NodeClient::Callback<T>)>& begin) {
    const auto answer = AwaitedValue<Result<T>>::Make();
    thread_.Post(
        [begin, answer] { begin([answer](Result<T> result) { answer->Set(std::move(result)); }); });
    return answer->Wait().value_or(MakeError(Code::kDeadlineExceeded, "no answer"));
  }

  SystemClock clock_;
  TaskThread thread_{"shell", clock_};
  std::unique_ptr<NodeClient> client_;
  ChangeSignal links_;
};

}  // namespace foxfire::discovery
