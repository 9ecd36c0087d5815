#include "common/published.h"

#include <gtest/gtest.h>

#include <thread>

namespace foxfire {
namespace {

TEST(PublishedTest, EveryReaderSeesTheNewestValue) {
  Published<int> number(std::make_shared<const int>(1));
  EXPECT_EQ(number.Current(), 1);
  EXPECT_EQ(*number.Get(), 1);

  number.Set(std::make_shared<const int>(2));

  EXPECT_EQ(number.Current(), 2);
  std::thread([&number] { EXPECT_EQ(number.Current(), 2); }).join();
}

TEST(PublishedTest, TwoOfTheSameTypeAreNotMistakenForEachOther) {
  Published<int> one(std::make_shared<const int>(1));
  Published<int> two(std::make_shared<const int>(2));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(one.Current(), 1);
    EXPECT_EQ(two.Current(), 2);
  }
}

TEST(PublishedTest, AReaderKeepsNoMoreThanTheValueThatItSawLast) {
  auto first = std::make_shared<const int>(1);
  const std::weak_ptr<const int> old = first;
  Published<int> number(std::move(first));
  EXPECT_EQ(number.Current(), 1);

  number.Set(std::make_shared<const int>(2));
  EXPECT_FALSE(old.expired()) << "the reference is good until the next call";
  EXPECT_EQ(number.Current(), 2);

  EXPECT_TRUE(old.expired());
}

TEST(PublishedTest, ReadersAndAWriterDoNotMeet) {
  constexpr int kLast = 2000;
  Published<int> number(std::make_shared<const int>(0));
  std::thread reader([&number] {
    for (int seen = 0; seen < kLast;) {
      const int now = number.Current();
      EXPECT_GE(now, seen);
      seen = now;
    }
  });
  for (int i = 1; i <= kLast; ++i) number.Set(std::make_shared<const int>(i));
  reader.join();
}

}  // namespace
}  // namespace foxfire
