#include "tests/fakes/in_memory_engine_directory.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_executor.h"
#include "tests/unit/discovery/engine_directory_contract.h"

namespace foxfire::discovery {
namespace {

class InMemoryHarness {
 public:
  InMemoryHarness() {
    directory_.OnChange([this] { changed_.Notify(); });
  }
  EngineDirectory& directory() { return directory_; }
  ChangeSignal& changed() { return changed_; }
  void Settle() { executor_.RunUntilIdle(); }
  void AddEngine(const EngineRecord& record) { directory_.AddEngine(record); }
  void DropEngine(const EngineRecord& record) { directory_.DropEngine(record.id); }
  void HoldLockElsewhere(const EngineKey& key) { directory_.HoldLockElsewhere(key); }
  void FreeLockElsewhere(const EngineKey& key) { directory_.FreeLockElsewhere(key); }
  std::optional<ControlCommand> Control(const EngineId& id) { return directory_.Control(id); }

 private:
  FakeClock clock_;
  FakeExecutor executor_{clock_};
  InMemoryEngineDirectory directory_{executor_};
  ChangeSignal changed_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(InMemory, EngineDirectoryContract, InMemoryHarness);

class InMemoryEngineDirectoryTest : public testing::Test {
 protected:
  Result<bool> Acquire(const EngineKey& key) {
    Result<bool> answer = MakeError(Code::kUnknown, "no answer");
    directory_.AcquireLaunchLock(key, [&](Result<bool> result) { answer = result; });
    executor_.RunUntilIdle();
    return answer;
  }

  FakeClock clock_;
  FakeExecutor executor_{clock_};
  InMemoryEngineDirectory directory_{executor_};
};

TEST_F(InMemoryEngineDirectoryTest, FailsTheNextOperationOnly) {
  directory_.FailNext(InMemoryEngineDirectory::Op::kAcquireLaunchLock, {Code::kInternal, "broken"});

  EXPECT_EQ(Acquire(KeyOf("alice")).error().message, "broken");
  EXPECT_EQ(Acquire(KeyOf("alice")), true);
}

TEST_F(InMemoryEngineDirectoryTest, FailsOperationsAndWaitersWhileStale) {
  directory_.HoldLockElsewhere(KeyOf("alice"));
  std::optional<Result<void>> waiter;
  directory_.AwaitLaunchLockFree(KeyOf("alice"), [&](Result<void> result) { waiter = result; });

  directory_.SetStale(true);

  EXPECT_EQ(Acquire(KeyOf("bob")).error().code, Code::kUnavailable);
  EXPECT_EQ(waiter->error().code, Code::kUnavailable);
  EXPECT_TRUE(directory_.View()->stale);
  directory_.SetStale(false);
  EXPECT_EQ(Acquire(KeyOf("bob")), true);
}

TEST_F(InMemoryEngineDirectoryTest, LosesOwnLocksWithTheSession) {
  EXPECT_EQ(Acquire(KeyOf("alice")), true);
  directory_.HoldLockElsewhere(KeyOf("bob"));

  directory_.ExpireSession();

  EXPECT_FALSE(directory_.HoldsLock(KeyOf("alice")));
  EXPECT_EQ(Acquire(KeyOf("bob")), false);
}

}  // namespace
}  // namespace foxfire::discovery
