#include "server/config/listen_address.h"

#include <gtest/gtest.h>

namespace foxfire::server {
namespace {

TEST(ListenAddressTest, ReadsAndWritesTheSameText) {
  for (const char* text : {"127.0.0.1:15002", "[::1]:0", "0.0.0.0:65535", "[::]:15002",
                           "localhost:1", "gateway-1.example.com:443"}) {
    const auto address = ParseListenAddress(text);

    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->ToString(), text);
  }
}

TEST(ListenAddressTest, SaysWhatToWriteInsteadOfNonsense) {
  for (const char* text :
       {"", ":", "15002", ":15002", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:15002 ", "127.0.0.256:1", "1.2.3:1", "::1:15002", "[::1]", "[]:1", "[::g]:1",
        "[127.0.0.1]:1", "a b:1", "http://localhost:1"}) {
    const auto address = ParseListenAddress(text);

    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, Code::kInvalidArgument);
    EXPECT_NE(address.error().message.find("write host:port"), std::string::npos);
  }
}

TEST(ListenAddressTest, KnowsWhoCanReachIt) {
  struct Case {
    const char* host;
    bool loopback;
    bool wildcard;
  };
  for (const Case& c :
       {Case{"127.0.0.1", true, false}, Case{"127.3.2.1", true, false}, Case{"::1", true, false},
        Case{"0:0:0:0:0:0:0:1", true, false}, Case{"localhost", true, false},
        Case{"0.0.0.0", false, true}, Case{"::", false, true}, Case{"10.0.0.1", false, false},
        Case{"127.example.com", false, false}, Case{"fe80::1", false, false}}) {
    EXPECT_EQ((ListenAddress{c.host, 1}.IsLoopback()), c.loopback) << c.host;
    EXPECT_EQ((ListenAddress{c.host, 1}.IsWildcard()), c.wildcard) << c.host;
  }
}

}  // namespace
}  // namespace foxfire::server
