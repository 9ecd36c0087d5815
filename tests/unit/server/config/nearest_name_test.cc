#include "server/config/nearest_name.h"

#include <gtest/gtest.h>

#include <string>

namespace foxfire::server {
namespace {

const std::vector<std::string_view> kKnown = {"connections", "held_bytes", "held_calls", "key"};

TEST(NearestNameTest, FindsMisspellings) {
  EXPECT_EQ(NearestName("conections", kKnown), "connections");
  EXPECT_EQ(NearestName("connectoins", kKnown), "connections");
  EXPECT_EQ(NearestName("held_call", kKnown), "held_calls");
  EXPECT_EQ(NearestName("kye", kKnown), "key");
}

TEST(NearestNameTest, DoesNotGuessWildly) {
  EXPECT_EQ(NearestName("certificate", kKnown), "");
  EXPECT_EQ(NearestName("k", kKnown), "");
  EXPECT_EQ(NearestName("", kKnown), "");
  EXPECT_EQ(NearestName(std::string(100000, 'x'), kKnown), "");
}

}  // namespace
}  // namespace foxfire::server
