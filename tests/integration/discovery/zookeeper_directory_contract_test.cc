#include <gtest/gtest.h>

#include "discovery/records.h"
#include "tests/integration/discovery/running_directory.h"
#include "tests/integration/discovery/zookeeper_shell.h"
#include "tests/unit/discovery/engine_directory_contract.h"

namespace foxfire::discovery {
namespace {

class RealZooKeeperHarness {
 public:
  RealZooKeeperHarness() { EXPECT_TRUE(directory_.AwaitHealthy()); }

  EngineDirectory& directory() { return *directory_; }
  ChangeSignal& changed() { return directory_.changed(); }
  void Settle() {}
  void AddEngine(const EngineRecord& record) {
    EXPECT_TRUE(shell_.Put(layout_.EnginesOf(record.key), "").has_value());
    EXPECT_TRUE(
        shell_.Create(layout_.Engine(record.key, record.id), ToJson(record), NodeKind::kEphemeral)
            .has_value());
  }
  void DropEngine(const EngineRecord& record) {
    EXPECT_TRUE(shell_.Remove(layout_.Engine(record.key, record.id)).has_value());
  }
  void HoldLockElsewhere(const EngineKey& key) {
    EXPECT_TRUE(shell_.Create(layout_.Launch(key), "{}", NodeKind::kEphemeral).has_value());
  }
  void FreeLockElsewhere(const EngineKey& key) {
    EXPECT_TRUE(shell_.Remove(layout_.Launch(key)).has_value());
  }
  std::optional<ControlCommand> Control(const EngineId& id) {
    const auto node = shell_.Get(layout_.Control(id));
    if (!node) return std::nullopt;
    return ParseControlCommand(node->data).value();
  }

 private:
  const std::string root_ = NewRoot();
  const NodeLayout layout_ = *NodeLayout::Create(root_);
  RunningDirectory directory_{SharedZooKeeper().connect(), root_, "g1"};
  ZooKeeperShell shell_{SharedZooKeeper().connect()};
};

INSTANTIATE_TYPED_TEST_SUITE_P(OnRealZooKeeper, EngineDirectoryContract, RealZooKeeperHarness);

}  // namespace
}  // namespace foxfire::discovery
