#include "server/http2/socket_address.h"

#include <gtest/gtest.h>

namespace foxfire::server::http2 {
namespace {

TEST(SocketAddressTest, ReadsNumericAddressesOnly) {
  EXPECT_EQ(ParseSocketAddress("127.0.0.1", 5000)->ToString(), "127.0.0.1:5000");
  EXPECT_EQ(ParseSocketAddress("::1", 5000)->ToString(), "[::1]:5000");
  EXPECT_EQ(ParseSocketAddress("localhost", 1)->ToString(), "127.0.0.1:1");
  EXPECT_FALSE(ParseSocketAddress("engine.example.org", 5000));
  EXPECT_FALSE(ParseSocketAddress("", 5000));
}

TEST(SocketAddressTest, KnowsLoopback) {
  EXPECT_TRUE(ParseSocketAddress("127.8.9.1", 1)->IsLoopback());
  EXPECT_TRUE(ParseSocketAddress("::1", 1)->IsLoopback());
  EXPECT_FALSE(ParseSocketAddress("10.0.0.1", 1)->IsLoopback());
  EXPECT_FALSE(ParseSocketAddress("0.0.0.0", 1)->IsLoopback());
}

}  // namespace
}  // namespace foxfire::server::http2
