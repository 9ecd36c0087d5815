#include "server/connect/clone_response.h"

#include <gtest/gtest.h>

#include "tests/support/wire_message.h"

namespace foxfire::server {
namespace {

TEST(ClonedSessionIdTest, IsTheNewOne) {
  const std::string answer =
      WireMessage().Bytes(1, kSessionA).Bytes(2, "server").Bytes(3, kSessionB).Bytes(4, "x").str();

  EXPECT_EQ(ClonedSessionId(answer), kSessionB);
}

TEST(ClonedSessionIdTest, IsEmptyIfThereIsNone) {
  EXPECT_EQ(ClonedSessionId(""), "");
  EXPECT_EQ(ClonedSessionId(WireMessage().Bytes(1, kSessionA).str()), "");
}

TEST(ClonedSessionIdTest, IsEmptyIfTheAnswerIsBroken) {
  const std::string answer = WireMessage().Bytes(3, kSessionB).str();

  EXPECT_EQ(ClonedSessionId(answer.substr(0, answer.size() - 1)), "");
  EXPECT_EQ(ClonedSessionId(answer + "\x03"), "");
}

}  // namespace
}  // namespace foxfire::server
