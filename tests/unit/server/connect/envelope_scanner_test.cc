#include "server/connect/envelope_scanner.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/wire_message.h"

namespace foxfire::server {
namespace {

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

const MethodTraits& Execute() { return TraitsOf("/spark.connect.SparkConnectService/ExecutePlan"); }

// True if the whole of `message`, in pieces of `step`, is a message that ends at a boundary.
bool ScanInSteps(EnvelopeScanner& scanner, std::string_view message, size_t step) {
  for (size_t at = 0; at < message.size(); at += step) {
    if (!scanner.Scan(Bytes(message.substr(at, step)))) return false;
  }
  return scanner.AtBoundary();
}

TEST(EnvelopeScannerTest, FindsTheFieldsInAnySplitOfTheMessage) {
  const std::string message = WireMessage()
                                  .Bytes(1, kSessionA)
                                  .User("mallory")
                                  .Bytes(3, std::string(300, 'p'))
                                  .Bytes(4, "_SPARK_CONNECT_PYTHON spark/4.2.1")
                                  .Bytes(6, kSessionB)
                                  .str();
  for (size_t step = 1; step <= message.size(); ++step) {
    EnvelopeScanner scanner(Execute());

    ASSERT_TRUE(ScanInSteps(scanner, message, step)) << step;

    EXPECT_EQ(scanner.session_id(), kSessionA);
    EXPECT_EQ(scanner.operation_id(), kSessionB);
    EXPECT_EQ(scanner.client_type(), "_SPARK_CONNECT_PYTHON spark/4.2.1");
    EXPECT_TRUE(scanner.has_session_id());
  }
}

TEST(EnvelopeScannerTest, KnowsAPlanThatOnlyCleansUpInAnySplit) {
  const std::string message =
      WireMessage().Bytes(1, kSessionA).User("mallory").Bytes(3, kCleanUpPlan).str();
  for (size_t step = 1; step <= message.size(); ++step) {
    EnvelopeScanner scanner(Execute());
    ASSERT_TRUE(ScanInSteps(scanner, message, step)) << step;
    EXPECT_TRUE(scanner.only_cleans_up()) << step;
  }
}

TEST(EnvelopeScannerTest, KeepsTheOperationOfAConfigRequestThatIsShort) {
  const auto scanned = [](const std::string& operation, const char* path) {
    EnvelopeScanner scanner(TraitsOf(path));
    const std::string message = WireMessage().Bytes(1, kSessionA).Bytes(3, operation).str();
    EXPECT_TRUE(scanner.Scan({reinterpret_cast<const uint8_t*>(message.data()), message.size()}));
    return scanner.config();
  };
  const std::string path = std::string(kServicePath) + "Config";

  EXPECT_EQ(scanned("an operation", path.c_str()), "an operation");
  EXPECT_EQ(scanned(std::string(9000, 'x'), path.c_str()), "");
  EXPECT_EQ(scanned("a plan", (std::string(kServicePath) + "ExecutePlan").c_str()), "");
}

TEST(EnvelopeScannerTest, KnowsAClientThatHasHadAnAnswer) {
  const auto scanned = [](const char* method, uint32_t field, std::string_view observed) {
    EnvelopeScanner scanner(TraitsOf(std::string(kServicePath) + method));
    EXPECT_TRUE(
        ScanInSteps(scanner, WireMessage().Bytes(1, kSessionA).Bytes(field, observed).str(), 5));
    return scanner.has_observed();
  };
  EXPECT_TRUE(scanned("ExecutePlan", 8, kSessionB));
  EXPECT_TRUE(scanned("AnalyzePlan", 17, kSessionB));
  EXPECT_FALSE(scanned("AnalyzePlan", 8, kSessionB)) << "some plan";
  EXPECT_FALSE(scanned("ExecutePlan", 8, "")) << "an answer of Spark 3.5 has none";
  EXPECT_FALSE(scanned("ReleaseSession", 8, kSessionB)) << "it has no such field";
}

TEST(EnvelopeScannerTest, OtherPlansDoMoreThanCleanUp) {
  std::string close(kCleanUpPlan);
  close[5] ^= 1;
  const std::string longer = std::string(kCleanUpPlan) + std::string(1, '\0');
  for (const std::string& plan : {std::string(), close, longer, std::string(5000, 'p')}) {
    EnvelopeScanner scanner(Execute());
    ASSERT_TRUE(ScanInSteps(
        scanner, WireMessage().Bytes(1, kSessionA).Bytes(3, kCleanUpPlan).Bytes(3, plan).str(), 3));
    EXPECT_FALSE(scanner.only_cleans_up()) << plan.size();
  }
  EnvelopeScanner config(TraitsOf("/spark.connect.SparkConnectService/Config"));
  ASSERT_TRUE(
      ScanInSteps(config, WireMessage().Bytes(1, kSessionA).Bytes(3, kCleanUpPlan).str(), 3));
  EXPECT_FALSE(config.only_cleans_up());
}

TEST(EnvelopeScannerTest, TakesTheLastOfSeveralSessionIds) {
  EnvelopeScanner scanner(Execute());

  ASSERT_TRUE(ScanInSteps(scanner, WireMessage().Bytes(1, kSessionA).Bytes(1, kSessionB).str(), 5));

  EXPECT_EQ(scanner.session_id(), kSessionB);
}

TEST(EnvelopeScannerTest, SkipsUnknownFieldsOfEveryWireType) {
  const std::string message = WireMessage()
                                  .Varint(900, UINT64_MAX)
                                  .Raw(
                                      "\x51"
                                      "12345678")  // field 10, 64 bits
                                  .Raw(
                                      "\x55"
                                      "1234")  // field 10, 32 bits
                                  .Bytes(536870911, "the largest field number")
                                  .Bytes(1, kSessionA)
                                  .str();
  EnvelopeScanner scanner(Execute());

  ASSERT_TRUE(ScanInSteps(scanner, message, 3));

  EXPECT_EQ(scanner.session_id(), kSessionA);
}

TEST(EnvelopeScannerTest, KeepsTheSessionIdForFurtherMessagesOfTheStream) {
  EnvelopeScanner scanner(TraitsOf("/spark.connect.SparkConnectService/AddArtifacts"));
  ASSERT_TRUE(ScanInSteps(scanner, WireMessage().Bytes(1, kSessionA).str(), 4));

  scanner.NextMessage();

  ASSERT_TRUE(ScanInSteps(scanner, WireMessage().Bytes(5, "chunk").str(), 4));
  EXPECT_EQ(scanner.session_id(), kSessionA);
}

TEST(EnvelopeScannerTest, EmptyMessageHasNoSessionId) {
  EnvelopeScanner scanner(Execute());

  EXPECT_TRUE(scanner.AtBoundary());
  EXPECT_FALSE(scanner.has_session_id());
}

TEST(EnvelopeScannerTest, ClientTypeThatIsNoTextIsLeftOut) {
  EnvelopeScanner scanner(Execute());

  ASSERT_TRUE(ScanInSteps(scanner, WireMessage().Bytes(4, "a\nb").str(), 100));

  EXPECT_EQ(scanner.client_type(), "");
}

struct BadMessage {
  const char* what;
  std::string bytes;
};

TEST(EnvelopeScannerTest, RefusesWhatCouldSwallowTheIdentityOrMeanSomethingElseToSpark) {
  const std::string good = WireMessage().Bytes(1, kSessionA).str();
  const BadMessage cases[] = {
      {"a group", good + "\x2b"},
      {"an end of a group", good + "\x2c"},
      {"wire type 6", good + "\x2e"},
      {"wire type 7", good + "\x2f"},
      {"field number 0", good + std::string(1, '\x02')},
      {"half a tag", good + "\x80"},
      {"a field that reaches beyond the end", good + "\x2a\x10"
                                                     "short"},
      {"a fixed field that reaches beyond the end", good + "\x29"
                                                           "1234"},
      {"a varint of eleven bytes", good + "\x28" + std::string(10, '\xff') + "\x01"},
      {"a tag of more than 32 bits", good + std::string("\xff\xff\xff\xff\x7f", 5)},
      {"a session id that is a number", WireMessage().Varint(1, 7).str()},
      {"a user context that is a number", WireMessage().Varint(2, 7).str()},
      {"a session id that is too long", WireMessage().Bytes(1, std::string(65, 'a')).str()},
  };
  for (const BadMessage& bad : cases) {
    for (const size_t step : {size_t{1}, size_t{7}, size_t{1000}}) {
      EnvelopeScanner scanner(Execute());
      EXPECT_FALSE(ScanInSteps(scanner, bad.bytes, step)) << bad.what << " in steps of " << step;
    }
  }
}

TEST(EnvelopeScannerTest, SaysTheSameOfRandomBytesHoweverTheyAreSplit) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 4 == 0 ? 10 : random());

    EnvelopeScanner whole(Execute());
    EnvelopeScanner split(Execute());
    const bool is_message = ScanInSteps(whole, bytes, 1000);

    EXPECT_EQ(ScanInSteps(split, bytes, 1), is_message);
    if (is_message) {
      EXPECT_EQ(split.session_id(), whole.session_id());
    }
  }
}

}  // namespace
}  // namespace foxfire::server
