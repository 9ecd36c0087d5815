#include "server/http2/request_rewriter.h"

#include <gtest/gtest.h>

#include <cstring>

#include "server/connect/wire_writer.h"
#include "tests/support/wire_message.h"

namespace foxfire::server::http2 {
namespace {

using Verdict = RequestRewriter::Verdict;

constexpr uint32_t kLimit = 1 << 20;

std::string Frame(const std::string& message) {
  std::string head(kMessageHeadSize, '\0');
  WriteLength(reinterpret_cast<uint8_t*>(head.data()), static_cast<uint32_t>(message.size()));
  return head + message;
}

class RequestRewriterTest : public testing::Test {
 protected:
  RequestRewriterTest() {
    rewriter_.Reset(TraitsOf("/spark.connect.SparkConnectService/AddArtifacts"), kLimit);
  }

  // Feeds `text` in pieces of `step`, approving as soon as it is asked; the last verdict.
  Verdict FeedAll(const std::string& text, size_t step) {
    for (size_t at = 0; at < text.size(); at += step) {
      const Verdict verdict = Feed(text.substr(at, step), true);
      if (verdict != Verdict::kMore) return verdict;
    }
    return Verdict::kMore;
  }

  Verdict Feed(std::string_view text, bool approve) {
    Block* block = memory_.large().Get();
    std::memcpy(block->data(), text.data(), text.size());
    size_t done = 0;
    Verdict verdict = Verdict::kMore;
    while (done < text.size()) {
      size_t used = 0;
      verdict = rewriter_.Feed(block, block->data() + done, text.size() - done, used, out_);
      done += used;
      if (verdict == Verdict::kDecide && approve) {
        rewriter_.Approve(IdentitySuffix(rewriter_.scanner().session_id(), "alice"), out_);
        verdict = Verdict::kMore;
      } else if (verdict != Verdict::kMore) {
        break;
      }
    }
    taken_ = done;
    Unref(block);
    return verdict;
  }

  std::string Out() const {
    std::string text;
    for (size_t i = 0; i < out_.count(); ++i) {
      text.append(reinterpret_cast<const char*>(out_[i].data), out_[i].size);
    }
    return text;
  }

  LoopMemory memory_{1 << 20};
  Pipe out_{memory_};
  RequestRewriter rewriter_{TraitsOf("")};
  size_t taken_ = 0;
  const std::string body_ =
      WireMessage().User("mallory").Bytes(1, kSessionA).Bytes(3, std::string(100, 'p')).str();
  const std::string identity_ = IdentitySuffix(kSessionA, "alice");
};

TEST_F(RequestRewriterTest, AppendsTheIdentityToEveryMessageHoweverTheyArrive) {
  const std::string in = Frame(body_) + Frame(body_) + Frame("");
  const std::string expected =
      Frame(body_ + identity_) + Frame(body_ + identity_) + Frame(identity_);
  for (size_t step = 1; step <= in.size(); ++step) {
    rewriter_.Reset(TraitsOf(""), kLimit);
    out_.Clear();

    ASSERT_EQ(FeedAll(in, step), Verdict::kMore) << step;

    EXPECT_EQ(Out(), expected) << step;
    EXPECT_TRUE(rewriter_.AtMessageBoundary());
  }
}

TEST_F(RequestRewriterTest, AsksOnceWhenTheFirstMessageIsComplete) {
  EXPECT_EQ(Feed(Frame(body_), false), Verdict::kDecide);
  EXPECT_TRUE(rewriter_.first_message_complete());
  EXPECT_EQ(Feed(Frame(body_), false), Verdict::kBlocked);
  EXPECT_EQ(taken_, 0U);

  rewriter_.Approve(identity_, out_);

  EXPECT_EQ(Out(), Frame(body_ + identity_));
}

TEST_F(RequestRewriterTest, AsksBeforeABigMessageIsComplete) {
  const std::string big =
      WireMessage().Bytes(1, kSessionA).Bytes(3, std::string(200000, 'p')).str();
  const std::string in = Frame(big);

  EXPECT_EQ(Feed(in.substr(0, 100000), false), Verdict::kDecide);
  rewriter_.Approve(identity_, out_);
  const size_t rest = taken_;
  EXPECT_EQ(Feed(in.substr(rest), false), Verdict::kMore);

  EXPECT_EQ(Out(), Frame(big + identity_));
}

TEST_F(RequestRewriterTest, WaitsForASessionIdThatComesLast) {
  const std::string big =
      WireMessage().Bytes(3, std::string(200000, 'p')).Bytes(1, kSessionA).str();

  EXPECT_EQ(Feed(Frame(big).substr(0, 150000), false), Verdict::kMore);
  EXPECT_FALSE(rewriter_.scanner().has_session_id());
  EXPECT_EQ(Feed(Frame(big).substr(150000), false), Verdict::kDecide);
}

TEST_F(RequestRewriterTest, RefusesCompressedMessages) {
  std::string frame = Frame(body_);
  frame[0] = 1;

  EXPECT_EQ(FeedAll(frame, 7), Verdict::kCompressed);
}

TEST_F(RequestRewriterTest, RefusesMessagesAboveTheLimit) {
  std::string head(kMessageHeadSize, '\0');
  WriteLength(reinterpret_cast<uint8_t*>(head.data()), kLimit + 1);

  EXPECT_EQ(FeedAll(head, 7), Verdict::kTooLarge);
  EXPECT_EQ(rewriter_.message_length(), kLimit + 1);
}

TEST_F(RequestRewriterTest, RefusesALastFieldThatWouldSwallowTheIdentity) {
  const std::string swallow = body_ + "\x2a" + static_cast<char>(identity_.size());

  EXPECT_EQ(FeedAll(Frame(swallow), 7), Verdict::kMalformed);
}

TEST_F(RequestRewriterTest, RefusesThatInALaterMessageToo) {
  const std::string swallow = "\x2a" + std::string(1, static_cast<char>(identity_.size()));

  EXPECT_EQ(FeedAll(Frame(body_) + Frame(swallow), 7), Verdict::kMalformed);
}

TEST_F(RequestRewriterTest, KnowsThatAMessageIsIncomplete) {
  EXPECT_EQ(FeedAll(Frame(body_).substr(0, 50), 7), Verdict::kMore);
  EXPECT_FALSE(rewriter_.AtMessageBoundary());
}

// Its call fails then, and what is dropped from the pipe is credited to the client: all of it.
TEST_F(RequestRewriterTest, WhatIsRefusedLiesInThePipe) {
  EXPECT_EQ(Feed(std::string("\1\0\0\0\5compressed", 15), true), Verdict::kCompressed);
  EXPECT_EQ(out_.bytes(), taken_);
  out_.Clear();

  rewriter_.Reset(TraitsOf("/spark.connect.SparkConnectService/AddArtifacts"), kLimit);
  EXPECT_EQ(Feed(Frame("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), true),
            Verdict::kMalformed);
  EXPECT_EQ(out_.bytes(), taken_);
}

}  // namespace
}  // namespace foxfire::server::http2
