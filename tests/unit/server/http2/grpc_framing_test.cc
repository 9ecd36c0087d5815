#include "server/http2/grpc_framing.h"

#include <gtest/gtest.h>

#include <string>

namespace foxfire::server::http2 {
namespace {

std::string Message(uint32_t size) {
  std::string text(kMessageHeadSize + size, 'm');
  text[0] = 0;
  WriteLength(reinterpret_cast<uint8_t*>(text.data()), size);
  return text;
}

const uint8_t* Data(const std::string& text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

TEST(MessageTrackerTest, KnowsHowFarTheOpenMessageHasCome) {
  const std::string stream = Message(10) + Message(0) + Message(300);
  for (size_t step = 1; step < stream.size(); ++step) {
    MessageTracker tracker;
    for (size_t at = 0; at < stream.size(); at += step) {
      ASSERT_TRUE(tracker.Pass(Data(stream) + at, std::min(step, stream.size() - at), 1000));
      const size_t passed = std::min(at + step, stream.size());
      const size_t begin = passed >= stream.size() ? stream.size()
                           : passed >= 20          ? 20
                           : passed >= 15          ? 15
                                                   : 0;
      EXPECT_EQ(tracker.partial(), passed - begin) << step << " " << passed;
    }
  }
}

TEST(MessageTrackerTest, RefusesMessagesAboveTheLimit) {
  const std::string large = Message(1001);
  MessageTracker tracker;

  EXPECT_FALSE(tracker.Pass(Data(large), large.size(), 1000));
  EXPECT_EQ(tracker.length(), 1001U);
}

}  // namespace
}  // namespace foxfire::server::http2
