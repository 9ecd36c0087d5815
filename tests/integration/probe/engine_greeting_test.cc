// Greetings over real sockets.
#include "server/probe/engine_greeting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/integration/probe/probed_engine.h"
#include "tests/support/free_port.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

std::string EndpointOf(uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

// Empty: there is nothing to complain of.
std::string Complaint(uint16_t port, const std::string& token = "", Duration timeout = 30s) {
  const auto greeted = GreetEngine(EndpointOf(port), Secret(token), timeout);
  if (greeted) return "";
  EXPECT_EQ(greeted.error().code, Code::kFailedPrecondition);
  return greeted.error().message;
}

TEST(EngineGreetingTest, IsContentWithAnAnswer) {
  ProbedEngine engine;

  EXPECT_EQ(Complaint(engine.port(), "a-token"), "");
  EXPECT_EQ(engine.seen().method, "/spark.connect.SparkConnectService/ReleaseSession");
  EXPECT_EQ(engine.seen().authorization, "Bearer a-token");

  EXPECT_EQ(Complaint(engine.port()), "");
  EXPECT_EQ(engine.seen().authorization, "");
}

TEST(EngineGreetingTest, SaysWhatToDoAboutTheToken) {
  ProbedEngine engine;
  engine.AnswerWith(grpc::StatusCode::UNAUTHENTICATED);

  EXPECT_THAT(Complaint(engine.port(), "secret-word"), HasSubstr("does not take the token"));
  EXPECT_THAT(Complaint(engine.port(), "secret-word"), Not(HasSubstr("secret-word")));
  EXPECT_THAT(Complaint(engine.port()), HasSubstr("asks for a token"));
}

TEST(EngineGreetingTest, KnowsWhatIsNoSparkConnect) {
  ProbedEngine engine;
  engine.AnswerWith(grpc::StatusCode::UNIMPLEMENTED);

  EXPECT_THAT(Complaint(engine.port()), HasSubstr("no Spark Connect"));
}

TEST(EngineGreetingTest, RepeatsLittleOfWhatAnEngineSaysAndOnOneLine) {
  ProbedEngine engine;
  engine.AnswerWith(grpc::StatusCode::INTERNAL, "first\nsecond" + std::string(1000, 'x'));

  EXPECT_THAT(Complaint(engine.port()), HasSubstr("(first second"));
  EXPECT_LT(Complaint(engine.port()).size(), 400U);
}

TEST(EngineGreetingTest, DoesNotWaitForEver) {
  ProbedEngine engine;
  engine.Hang(true);

  EXPECT_THAT(Complaint(engine.port(), "", 50ms), HasSubstr("has not answered within 50ms"));
}

TEST(EngineGreetingTest, SaysThatNobodyListens) {
  const PortHolder port;

  EXPECT_THAT(Complaint(port.port()), HasSubstr("no engine answers at " + EndpointOf(port.port())));
}

}  // namespace
}  // namespace foxfire::server
