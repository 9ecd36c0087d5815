#include "server/connect/status_details.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/wire_message.h"

namespace foxfire::server {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

TEST(StatusDetailsTest, DetailsRepeatCodeAndMessageByteForByte) {
  const CallStatus status = StatusOf({Code::kResourceExhausted, "no room\nat all"});

  EXPECT_EQ(status.code, Code::kResourceExhausted);
  EXPECT_EQ(status.message, "no room\nat all");
  EXPECT_EQ(status.details, WireMessage().Varint(1, 8).Bytes(2, "no room\nat all").str());
}

TEST(StatusDetailsTest, RetryInfoSaysHowLong) {
  const CallStatus status = StatusWithRetry({Code::kResourceExhausted, "full"}, 2500ms);

  const std::string delay = WireMessage().Varint(1, 2).Varint(2, 500000000).str();
  const std::string retry = WireMessage().Bytes(1, delay).str();
  const std::string any =
      WireMessage().Bytes(1, "type.googleapis.com/google.rpc.RetryInfo").Bytes(2, retry).str();
  EXPECT_EQ(status.details, WireMessage().Varint(1, 8).Bytes(2, "full").Bytes(3, any).str());
}

TEST(StatusDetailsTest, SessionChangedIsWhatClientsMatchOn) {
  const CallStatus status = SessionChanged(kSessionA, "its engine has ended");

  EXPECT_EQ(status.code, Code::kInternal);
  EXPECT_THAT(status.message, testing::StartsWith("[INVALID_HANDLE.SESSION_CHANGED] The handle " +
                                                  std::string(kSessionA) + " is invalid."));
  EXPECT_THAT(status.message, HasSubstr("its engine has ended"));
  EXPECT_THAT(status.details, HasSubstr(status.message));
  EXPECT_THAT(status.details, HasSubstr("type.googleapis.com/google.rpc.ErrorInfo"));
  EXPECT_THAT(status.details, HasSubstr("INVALID_HANDLE.SESSION_CHANGED"));
  EXPECT_THAT(status.details, HasSubstr(R"({"handle":")" + std::string(kSessionA) + "\"}"));
  EXPECT_THAT(status.details, testing::Not(HasSubstr("errorId")));
}

TEST(StatusDetailsTest, HeaderMessageIsPercentEncoded) {
  EXPECT_EQ(EncodeGrpcMessage("50% of\nIgel \xc3\xa4"), "50%25 of%0AIgel %C3%A4");
}

}  // namespace
}  // namespace foxfire::server
