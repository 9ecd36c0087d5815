// A ZooKeeperEngineDirectory on a real ZooKeeper.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "discovery/zookeeper_engine_directory.h"
#include "tests/support/awaited.h"
#include "tests/support/mini_zookeeper.h"

namespace foxfire::discovery {

// One server that the tests of this process share, each below a root of its own.
inline MiniZooKeeper& SharedZooKeeper() {
  static MiniZooKeeper zookeeper;
  static const Result<void> started = zookeeper.Start();
  EXPECT_TRUE(started.has_value()) << started.error().message;
  return zookeeper;
}
inline std::string NewRoot() { return "/test/" + NewUuid(); }

// Thread-compatible.
class RunningDirectory {
 public:
  template <typename T>
  using Callback = EngineDirectory::Callback<T>;

  RunningDirectory(const std::string& connect, const std::string& root, const std::string& gateway,
                   const std::string& digest = "") {
    ZooKeeperDirectoryOptions options;
    options.client.connect = connect;
    options.client.session_timeout = std::chrono::seconds(1);
    options.client.digest = Secret(std::string(digest));
    options.root = root;
    options.gateway.id = GatewayId(gateway);
    auto made = ZooKeeperEngineDirectory::Create(options, clock_, metrics_);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    directory_ = std::move(*made);
    directory_->OnChange([this] { changed_.Notify(); });
    directory_->Start();
  }

  ZooKeeperEngineDirectory& operator*() { return *directory_; }
  ZooKeeperEngineDirectory* operator->() { return directory_.get(); }
  ChangeSignal& changed() { return changed_; }
  Metrics& metrics() { return metrics_; }

  bool AwaitHealthy() {
    return changed_.Await([this] { return directory_->Health().has_value(); });
  }
  bool AwaitHealthError(const std::string& part) {
    return changed_.Await([&] {
      const auto health = directory_->Health();
      return !health && health.error().message.find(part) != std::string::npos;
    });
  }
  bool AwaitView(const std::function<bool(const DirectoryView&)>& holds) {
    return changed_.Await([&] { return holds(*directory_->View()); });
  }
  template <typename T>
  std::shared_ptr<AwaitedValue<Result<T>>> Begin(
      const std::function<void(ZooKeeperEngineDirectory&, Callback<T>)>& operation) {
    auto answer = AwaitedValue<Result<T>>::Make();
    operation(*directory_, [answer](Result<T> result) { answer->Set(std::move(result)); });
    return answer;
  }
  Result<bool> Acquire(const EngineKey& key) {
    const auto answer =
        Begin<bool>([&](auto& directory, auto done) { directory.AcquireLaunchLock(key, done); });
    return answer->Wait().value_or(MakeError(Code::kDeadlineExceeded, "no answer"));
  }
  Result<SessionBinding> Bind(const SessionBinding& binding) {
    const auto answer = Begin<SessionBinding>(
        [&](auto& directory, auto done) { directory.BindSession(binding, done); });
    return answer->Wait().value_or(MakeError(Code::kDeadlineExceeded, "no answer"));
  }

 private:
  SystemClock clock_;
  Metrics metrics_;
  ChangeSignal changed_;
  std::unique_ptr<ZooKeeperEngineDirectory> directory_;
};

}  // namespace foxfire::discovery
