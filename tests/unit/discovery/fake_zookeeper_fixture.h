// One or two clients of a fake ZooKeeper, driven by the test itself.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "discovery/node_layout.h"
#include "tests/fakes/fake_executor.h"
#include "tests/fakes/fake_zookeeper.h"

namespace foxfire::discovery {

class FakeZooKeeperTest : public testing::Test {
 protected:
  // Opens `client` with listeners that the test may replace before.
  void Open() {
    client_->Open({[this](LinkState state) {
                     links_.push_back(state);
                     if (on_link_) on_link_(state);
                   },
                   [this](NodeEvent event, const std::string& path) {
                     events_.emplace_back(event, path);
                     if (on_watch_) on_watch_(event, path);
                   }});
    executor_.RunUntilIdle();
  }
  // Makes the persistent parents, as the directory does before anything else.
  void MakeParents() {
    for (const std::string& path : layout_.Parents()) zookeeper_.Put(path, "");
  }
  // Runs until nothing is left and gives the answer that `done` got meanwhile.
  template <typename T, typename Begin>
  Result<T> Call(Begin begin) {
    auto answer = std::make_shared<std::vector<Result<T>>>();
    begin([answer](Result<T> result) { answer->push_back(std::move(result)); });
    executor_.RunUntilIdle();
    EXPECT_EQ(answer->size(), 1U);
    return answer->empty() ? MakeError(Code::kUnknown, "no answer") : answer->front();
  }

  FakeClock clock_;
  FakeExecutor executor_{clock_};
  FakeZooKeeper zookeeper_;
  const NodeLayout layout_ = *NodeLayout::Create("/foxfire");
  std::unique_ptr<NodeClient> client_ = zookeeper_.MakeClient(executor_);
  std::function<void(LinkState)> on_link_;
  std::function<void(NodeEvent, const std::string&)> on_watch_;
  std::vector<LinkState> links_;
  std::vector<std::pair<NodeEvent, std::string>> events_;
};

}  // namespace foxfire::discovery
