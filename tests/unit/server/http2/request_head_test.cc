#include "server/http2/request_head.h"

#include <gtest/gtest.h>

#include <string>

namespace foxfire::server::http2 {
namespace {

constexpr size_t kPlenty = 64 << 10;

class RequestHeadTest : public testing::Test {
 protected:
  void Add(std::string_view name, std::string_view value, size_t bytes_max = kPlenty) {
    head_.Add(name, value, on_, settings_, bytes_max);
  }
  EngineWish Settings() const {
    EngineWish wish;
    settings_.AddTo(wish);
    return wish;
  }

  RequestHead head_;
  HeaderList on_;
  ClientSettings settings_;
};

TEST_F(RequestHeadTest, KeepsWhatConcernsFoxfireAndPassesTheRestOn) {
  Add(":method", "POST");
  Add(":path", "/a");
  Add("authorization", "Bearer x");
  Add("x-foxfire-profile", "etl");

  EXPECT_EQ(head_.method, "POST");
  EXPECT_EQ(head_.path, "/a");
  EXPECT_EQ(head_.authorization, "Bearer x");
  EXPECT_EQ(on_.count(), 4U + 1U) << "four pseudo-headers, and the profile";
}

TEST_F(RequestHeadTest, SettingsEndHere) {
  Add("x-mine", "1");
  Add("x-foxfire-conf-spark.x", "1");

  EXPECT_EQ(on_.count(), 1U);
  EXPECT_EQ(Settings().conf.size(), 1U);
}

TEST_F(RequestHeadTest, WhatIsTooLongIsNotKept) {
  const std::string name = "x-foxfire-conf-spark.x";
  const size_t size = on_.SizeWith(name, "value");

  Add(name, "value", size);
  EXPECT_FALSE(head_.too_large);
  Add(name, "value+", size);

  EXPECT_TRUE(head_.too_large);
  EXPECT_EQ(Settings().conf.size(), 1U);
}

TEST_F(RequestHeadTest, TheNextHeaderBlockBeginsWithNothing) {
  Add(":path", "/a");
  Add("authorization", "Bearer x");
  Add("x", "y", 1);
  ASSERT_TRUE(head_.too_large);

  head_.Clear();

  EXPECT_EQ(head_.path, "");
  EXPECT_EQ(head_.authorization, "");
  EXPECT_FALSE(head_.too_large);
}

}  // namespace
}  // namespace foxfire::server::http2
