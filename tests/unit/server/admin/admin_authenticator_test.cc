#include "server/admin/admin_authenticator.h"

#include <gtest/gtest.h>

namespace foxfire::server {
namespace {

// Verdicts on whole calls are in admin_server_test.cc: gRPC makes its contexts itself.
TEST(AddressOfPeerTest, WritesHostAndPort) {
  EXPECT_EQ(AddressOfPeer("ipv4:127.0.0.1:51234"), "127.0.0.1:51234");
  EXPECT_EQ(AddressOfPeer("ipv6:[::1]:51234"), "[::1]:51234");
  EXPECT_EQ(AddressOfPeer("ipv6:%5B::1%5D:51234"), "[::1]:51234");
  EXPECT_EQ(AddressOfPeer("unix:/a%zz"), "unix:/a%zz");
  EXPECT_EQ(AddressOfPeer(""), "");
}

}  // namespace
}  // namespace foxfire::server
