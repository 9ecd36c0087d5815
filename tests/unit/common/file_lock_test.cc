#include "common/file_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <optional>
#include <thread>

#include "tests/support/temp_folder.h"

namespace foxfire {
namespace {

using namespace std::chrono_literals;

TEST(FileLockTest, KeepsASecondOneOutUntilItGoes) {
  const TempFolder folder;
  const Path file = folder / "a.lock";
  {
    const auto first = FileLock::Take(file, 0s);
    ASSERT_TRUE(first.has_value());

    const auto second = FileLock::Take(file, 0s);

    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, Code::kUnavailable);
    EXPECT_EQ(second.error().message, "locking " + file.string() + ": another process holds it");
  }
  EXPECT_TRUE(FileLock::Take(file, 0s).has_value());
}

TEST(FileLockTest, WaitsForWhoeverHoldsIt) {
  const TempFolder folder;
  const Path file = folder / "a.lock";
  std::optional<Result<FileLock>> first(FileLock::Take(file, 0s));
  ASSERT_TRUE(first->has_value());
  std::optional<Result<FileLock>> second;

  std::thread waiting([&second, &file] { second.emplace(FileLock::Take(file, 60s)); });
  first.reset();
  waiting.join();

  EXPECT_TRUE(second->has_value());
}

TEST(FileLockTest, MakesTheLockFileForThisUserOnly) {
  const TempFolder folder;

  ASSERT_TRUE(FileLock::Take(folder / "a.lock", 0s).has_value());

  struct stat info {};
  ASSERT_EQ(stat((folder / "a.lock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST(FileLockTest, SaysWhichFileCannotBeOpened) {
  const auto lock = FileLock::Take("/nonexistent/a.lock", 0s);

  ASSERT_FALSE(lock.has_value());
  EXPECT_THAT(lock.error().message, testing::StartsWith("opening /nonexistent/a.lock: "));
}

}  // namespace
}  // namespace foxfire
