#include "server/admin/connection_string.h"

#include <gtest/gtest.h>

namespace foxfire::server {
namespace {

TEST(ConnectionStringTest, CarriesTheToken) {
  EXPECT_EQ(ConnectionString({"localhost", 15002, false}, "abc"),
            "sc://localhost:15002/;token=abc");
}

TEST(ConnectionStringTest, AsksForTlsEvenOnLocalhost) {
  EXPECT_EQ(ConnectionString({"localhost", 15002, true}, "abc"),
            "sc://localhost:15002/;token=abc;use_ssl=true");
}

TEST(ConnectionStringTest, PutsBracketsAroundIpv6) {
  EXPECT_EQ(ConnectionString({"::1", 1, false}, "abc"), "sc://[::1]:1/;token=abc");
  EXPECT_EQ(ConnectionString({"[::1]", 1, false}, "abc"), "sc://[::1]:1/;token=abc");
}

}  // namespace
}  // namespace foxfire::server
