#include "server/connect/grpc_timeout.h"

#include <gtest/gtest.h>

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

TEST(GrpcTimeoutTest, ReadsEveryUnit) {
  EXPECT_EQ(ParseGrpcTimeout("1H"), Duration(1h));
  EXPECT_EQ(ParseGrpcTimeout("2M"), Duration(2min));
  EXPECT_EQ(ParseGrpcTimeout("3S"), Duration(3s));
  EXPECT_EQ(ParseGrpcTimeout("4m"), Duration(4ms));
  EXPECT_EQ(ParseGrpcTimeout("5u"), Duration(5us));
  EXPECT_EQ(ParseGrpcTimeout("6n"), Duration(6ns));
  EXPECT_EQ(ParseGrpcTimeout("0S"), Duration(0));
}

TEST(GrpcTimeoutTest, CutsWhatNobodyWaitsFor) {
  EXPECT_EQ(ParseGrpcTimeout("99999999H"), Duration(24h * 36500));
}

TEST(GrpcTimeoutTest, RefusesEverythingElse) {
  for (const char* bad :
       {"", "S", "10", "10s", "-1S", "+1S", "1.5S", "123456789S", " 1S", "1 S", "1SS"}) {
    EXPECT_EQ(ParseGrpcTimeout(bad), std::nullopt) << bad;
  }
}

TEST(GrpcTimeoutTest, WritesTheFinestUnitThatFitsAndNeverLess) {
  EXPECT_EQ(FormatGrpcTimeout(5ns), "5n");
  EXPECT_EQ(FormatGrpcTimeout(10s), "10000000u");
  EXPECT_EQ(FormatGrpcTimeout(600s), "600000m");
  EXPECT_EQ(FormatGrpcTimeout(100000001ns), "100001u");
  EXPECT_EQ(FormatGrpcTimeout(-5s), "1n");
}

TEST(GrpcTimeoutTest, WhatIsWrittenIsReadAgain) {
  for (Duration timeout = 1ns; timeout < 24h * 300; timeout *= 7) {
    const auto read = ParseGrpcTimeout(FormatGrpcTimeout(timeout));
    ASSERT_TRUE(read);
    EXPECT_GE(*read, timeout);
    EXPECT_LE(*read, timeout + timeout / 1000 + 1ns);
  }
}

}  // namespace
}  // namespace foxfire::server
