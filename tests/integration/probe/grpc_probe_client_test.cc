// Health probes over real sockets.
#include "server/probe/grpc_probe_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "common/task_thread.h"
#include "server/engine/engine_prober.h"
#include "tests/integration/probe/probed_engine.h"
#include "tests/support/awaited.h"
#include "tests/support/free_port.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// For probes that must be answered, and for those that must not.
constexpr Duration kPatient = 20s;
constexpr Duration kShort = 100ms;

ProbeTarget Target(uint16_t port, const std::string& host = "127.0.0.1") {
  return {EngineId("engine"), host, port, Secret("the secret")};
}

class GrpcProbeClientTest : public testing::Test {
 protected:
  ProbeAnswer Probe(const ProbeTarget& target, Duration timeout = kPatient) {
    const auto answer = AwaitedValue<ProbeAnswer>::Make();
    client_->Probe(target, timeout, [answer](ProbeAnswer given) { answer->Set(std::move(given)); });
    const auto given = answer->Wait(2 * kPatient);
    EXPECT_TRUE(given) << "no answer at all";
    return given.value_or(ProbeAnswer());
  }
  ProbeOutcome OutcomeOf(const ProbeTarget& target, Duration timeout = kPatient) {
    return Probe(target, timeout).outcome;
  }

  std::unique_ptr<GrpcProbeClient> client_ = std::make_unique<GrpcProbeClient>();
};

TEST_F(GrpcProbeClientTest, AsksAsNobodysSessionWithTheEnginesSecret) {
  ProbedEngine engine;

  const ProbeAnswer answer = Probe(Target(engine.port()));

  EXPECT_EQ(answer.outcome, ProbeOutcome::kAnswered) << answer.why;
  EXPECT_EQ(answer.why, "");
  const ProbedEngine::Seen seen = engine.seen();
  EXPECT_EQ(seen.method, "/spark.connect.SparkConnectService/ReleaseSession");
  EXPECT_EQ(seen.authorization, "Bearer the secret");
  EXPECT_THAT(seen.request, HasSubstr("foxfire-probe"));
  ASSERT_GT(seen.request.size(), 38U);
  EXPECT_EQ(seen.request.substr(0, 2), "\n$") << "session_id, 36 characters";
  EXPECT_TRUE(IsUuid(seen.request.substr(2, 36)));
}

TEST_F(GrpcProbeClientTest, AnyStatusOfTheEnginesIsAnAnswer) {
  ProbedEngine engine;
  for (const grpc::StatusCode code :
       {grpc::StatusCode::UNAUTHENTICATED, grpc::StatusCode::INTERNAL,
        grpc::StatusCode::UNIMPLEMENTED, grpc::StatusCode::RESOURCE_EXHAUSTED}) {
    engine.AnswerWith(code);
    EXPECT_EQ(OutcomeOf(Target(engine.port())), ProbeOutcome::kAnswered) << code;
  }
}

TEST_F(GrpcProbeClientTest, KeepsItsConnectionWhileTheEngineAnswers) {
  ProbedEngine engine;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(OutcomeOf(Target(engine.port(), "localhost")), ProbeOutcome::kAnswered);
  }

  EXPECT_EQ(engine.calls(), 5);
  EXPECT_EQ(engine.connections(), 1U);
}

TEST_F(GrpcProbeClientTest, AnEngineThatHangsTimesOutAndIsAskedOnANewConnection) {
  ProbedEngine engine;
  EXPECT_EQ(OutcomeOf(Target(engine.port())), ProbeOutcome::kAnswered);
  engine.Hang(true);

  const ProbeAnswer answer = Probe(Target(engine.port()), kShort);

  EXPECT_EQ(answer.outcome, ProbeOutcome::kTimeout) << answer.why;
  EXPECT_THAT(answer.why, HasSubstr("has not answered within 100ms"));
  EXPECT_THAT(answer.why, HasSubstr("127.0.0.1:" + std::to_string(engine.port())));
  EXPECT_EQ(client_->connections(), 0U);
  engine.Hang(false);
  EXPECT_EQ(OutcomeOf(Target(engine.port())), ProbeOutcome::kAnswered);
  EXPECT_EQ(engine.connections(), 2U);
}

TEST_F(GrpcProbeClientTest, APortThatAcceptsAndSaysNothingTimesOut) {
  PortHolder port;
  port.Listen();

  const ProbeAnswer answer = Probe(Target(port.port()), kShort);

  EXPECT_EQ(answer.outcome, ProbeOutcome::kTimeout) << answer.why;
}

TEST_F(GrpcProbeClientTest, ARefusedConnectionIsToldApart) {
  const PortHolder port;  // nobody else gets it, and nobody listens
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const ProbeAnswer answer = Probe(Target(port.port(), host));

    EXPECT_EQ(answer.outcome, ProbeOutcome::kRefused) << answer.why;
    EXPECT_THAT(answer.why, HasSubstr("refuses connections"));
    client_->Forget(EngineId("engine"));
  }
}

TEST_F(GrpcProbeClientTest, AnEngineThatEndsIsFoundRefusingAndOneThatComesBackAnswering) {
  auto engine = std::make_unique<ProbedEngine>();
  const uint16_t port = engine->port();
  EXPECT_EQ(OutcomeOf(Target(port)), ProbeOutcome::kAnswered);
  engine.reset();

  ChangeSignal unused;
  EXPECT_TRUE(unused.Await([&] { return OutcomeOf(Target(port)) == ProbeOutcome::kRefused; }))
      << "a connection that breaks may come first";
  engine = std::make_unique<ProbedEngine>(port);
  EXPECT_EQ(OutcomeOf(Target(port)), ProbeOutcome::kAnswered) << "no back-off from before";
}

TEST_F(GrpcProbeClientTest, AHostThatHasNoAddressIsUnreachable) {
  const ProbeAnswer answer = Probe(Target(4040, "no-such-host.invalid"));

  EXPECT_EQ(answer.outcome, ProbeOutcome::kUnreachable);
  EXPECT_THAT(answer.why, HasSubstr("cannot reach no-such-host.invalid:4040"));
  EXPECT_THAT(answer.why, Not(HasSubstr("the secret")));
}

TEST_F(GrpcProbeClientTest, ForgettingEndsAProbeUnderWay) {
  ProbedEngine engine;
  engine.Hang(true);
  const auto answer = AwaitedValue<ProbeAnswer>::Make();
  client_->Probe(Target(engine.port()), kPatient,
                 [answer](ProbeAnswer given) { answer->Set(std::move(given)); });
  ChangeSignal unused;
  ASSERT_TRUE(unused.Await([&] { return engine.calls() == 1; }));

  client_->Forget(EngineId("engine"));

  EXPECT_TRUE(answer->Wait(kPatient / 2)) << "before its time-out";
  EXPECT_EQ(client_->connections(), 0U);
  EXPECT_TRUE(unused.Await([&] { return engine.cancelled() == 1; }));
}

TEST_F(GrpcProbeClientTest, ItsEndWaitsForWhatItHasToldNobody) {
  ProbedEngine engine;
  engine.Hang(true);
  std::atomic<int> ended{0};
  for (int i = 0; i < 8; ++i) {
    ProbeTarget target = Target(engine.port());
    target.id = EngineId(std::to_string(i));
    client_->Probe(target, kPatient, [&ended](const ProbeAnswer&) { ++ended; });
  }

  client_.reset();

  EXPECT_EQ(ended, 8);
}

TEST_F(GrpcProbeClientTest, AProberFindsAnEngineThatHangsAndSeesItRecover) {
  ProbedEngine engine;
  SystemClock clock;
  TaskThread core("core", clock);
  Metrics metrics;
  std::atomic<int> answered{0};
  std::atomic<bool> is_hung{false};
  auto prober = std::make_unique<EngineProber>(ProbeOptions{20ms, kShort, 3}, *client_, core,
                                               metrics, [&](const ProbeResult& result) {
                                                 if (result.answered) ++answered;
                                                 is_hung = result.is_hung;
                                               });
  core.Post([&] { prober->SetTargets({Target(engine.port())}); });
  ChangeSignal unused;
  ASSERT_TRUE(unused.Await([&] { return answered > 2; }));

  engine.Hang(true);
  EXPECT_TRUE(unused.Await([&] { return is_hung.load(); }));
  engine.Hang(false);
  EXPECT_TRUE(unused.Await([&] { return !is_hung; }));

  core.Post([&] { prober.reset(); });
  client_.reset();
  core.Stop();
}

}  // namespace
}  // namespace foxfire::server
