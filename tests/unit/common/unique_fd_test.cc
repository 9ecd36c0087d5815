#include "common/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace foxfire {
namespace {

int Open() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFdTest, ClosesWhatItHolds) {
  const int raw = Open();
  {
    const UniqueFd fd(raw);
    EXPECT_TRUE(fd.valid());
    EXPECT_TRUE(IsOpen(raw));
  }

  EXPECT_FALSE(IsOpen(raw));
}

TEST(UniqueFdTest, HasOneOwner) {
  const int raw = Open();
  UniqueFd first(raw);

  UniqueFd second(std::move(first));
  EXPECT_EQ(second.get(), raw);
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): what a moved one holds

  const int other = Open();
  UniqueFd third(other);
  third = std::move(second);
  EXPECT_EQ(third.get(), raw);
  EXPECT_FALSE(IsOpen(other));

  UniqueFd& same = third;
  third = std::move(same);
  EXPECT_EQ(third.get(), raw);
  EXPECT_TRUE(IsOpen(raw));
}

TEST(UniqueFdTest, ReleasesAndResets) {
  UniqueFd fd(Open());
  const int raw = fd.Release();
  EXPECT_FALSE(fd.valid());
  EXPECT_TRUE(IsOpen(raw));

  fd.Reset(raw);
  EXPECT_EQ(fd.get(), raw);
  fd.Reset();
  EXPECT_FALSE(IsOpen(raw));
  EXPECT_FALSE(fd.valid());
}

}  // namespace
}  // namespace foxfire
