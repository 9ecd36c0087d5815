#include "server/engine/engine_prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_executor.h"
#include "tests/fakes/fake_probe_client.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Duration kInterval = 10s;
constexpr Duration kTimeout = 5s;

class EngineProberTest : public testing::Test {
 protected:
  static ProbeTarget Target(const std::string& id, uint16_t port = 4040) {
    return {EngineId(id), "127.0.0.1", port, Secret("secret of " + id)};
  }

  void SetUp() override { Make({kInterval, kTimeout, 3}); }
  void Make(const ProbeOptions& options) {
    prober_ = std::make_unique<EngineProber>(options, client_, core_, metrics_,
                                             [this](const ProbeResult& result) { Heard(result); });
  }
  void Heard(const ProbeResult& result) {
    results_.push_back(result);
    if (on_result_) on_result_();
  }
  // Until one more probe has begun, to the millisecond.
  void AwaitProbe() {
    const size_t before = client_.asked.size();
    const SteadyTime latest = clock_.Now() + kInterval;
    while (client_.asked.size() == before && clock_.Now() < latest) core_.Advance(1ms);
    ASSERT_EQ(client_.asked.size(), before + 1);
  }
  ProbeResult ProbeAndEnd(ProbeOutcome outcome, const std::string& why = "") {
    const size_t before = results_.size();
    AwaitProbe();
    client_.End(outcome, why);
    core_.RunUntilIdle();
    EXPECT_EQ(results_.size(), before + 1);
    return results_.empty() ? ProbeResult() : results_.back();
  }

  FakeClock clock_;
  FakeExecutor core_{clock_};
  Metrics metrics_;
  FakeProbeClient client_;
  std::vector<ProbeResult> results_;
  std::function<void()> on_result_;
  std::unique_ptr<EngineProber> prober_;
};

TEST_F(EngineProberTest, AsksAnEngineWithinAnIntervalAndThenOncePerInterval) {
  prober_->SetTargets({Target("a")});
  AwaitProbe();
  EXPECT_EQ(client_.asked[0].target.id, EngineId("a"));
  EXPECT_EQ(client_.asked[0].target.secret.Reveal(), "secret of a");
  EXPECT_EQ(client_.asked[0].timeout, kTimeout);
  client_.End(ProbeOutcome::kAnswered);
  core_.RunUntilIdle();

  const SteadyTime first = clock_.Now();
  for (int i = 0; i < 6; ++i) ProbeAndEnd(ProbeOutcome::kAnswered);
  EXPECT_EQ(clock_.Now() - first, 6 * kInterval);
}

TEST_F(EngineProberTest, AnAnswerIsHealth) {
  prober_->SetTargets({Target("a")});
  AwaitProbe();
  clock_.Advance(30ms);
  client_.End(ProbeOutcome::kAnswered);
  core_.RunUntilIdle();

  ASSERT_EQ(results_.size(), 1U);
  EXPECT_TRUE(results_[0].answered);
  EXPECT_FALSE(results_[0].refused);
  EXPECT_FALSE(results_[0].is_hung);
  EXPECT_EQ(results_[0].failures_in_a_row, 0U);
  EXPECT_GE(results_[0].took, 30ms);
  EXPECT_LE(results_[0].took, 31ms);
}

TEST_F(EngineProberTest, TimeoutsInARowMakeAnEngineHungUntilItAnswers) {
  prober_->SetTargets({Target("a")});

  for (const size_t number : {1U, 2U, 3U, 4U}) {
    const ProbeResult result = ProbeAndEnd(ProbeOutcome::kTimeout, "nothing within 5s");
    EXPECT_FALSE(result.answered);
    EXPECT_EQ(result.failures_in_a_row, number);
    EXPECT_EQ(result.is_hung, number >= 3) << number;
    EXPECT_EQ(result.why, "nothing within 5s");
  }

  EXPECT_FALSE(ProbeAndEnd(ProbeOutcome::kAnswered).is_hung);
  EXPECT_FALSE(ProbeAndEnd(ProbeOutcome::kTimeout).is_hung) << "it is counted anew";
}

TEST_F(EngineProberTest, ARefusalIsReportedAtOnceAndIsNoHang) {
  prober_->SetTargets({Target("a")});
  for (int i = 0; i < 3; ++i) ProbeAndEnd(ProbeOutcome::kTimeout);

  const ProbeResult result = ProbeAndEnd(ProbeOutcome::kRefused, "it refuses");

  EXPECT_TRUE(result.refused);
  EXPECT_FALSE(result.is_hung);
  EXPECT_EQ(result.failures_in_a_row, 4U);
}

TEST_F(EngineProberTest, AnEngineThatCannotBeReachedIsNotCalledHung) {
  prober_->SetTargets({Target("a")});

  for (const size_t number : {1U, 2U, 3U, 4U, 5U}) {
    const ProbeResult result = ProbeAndEnd(ProbeOutcome::kUnreachable);
    EXPECT_FALSE(result.answered);
    EXPECT_FALSE(result.refused);
    EXPECT_FALSE(result.is_hung);
    EXPECT_EQ(result.failures_in_a_row, number);
  }
}

TEST_F(EngineProberTest, NeverAsksAnEngineTwiceAtOnce) {
  Make({kInterval, 25s, 3});
  prober_->SetTargets({Target("a")});
  AwaitProbe();

  core_.Advance(25s);

  ASSERT_EQ(client_.asked.size(), 1U);
  client_.End(ProbeOutcome::kTimeout);
  core_.RunUntilIdle();
  EXPECT_EQ(client_.asked.size(), 2U) << "its turn is overdue";
}

TEST_F(EngineProberTest, SpreadsProbesOverTheInterval) {
  std::vector<ProbeTarget> targets;
  for (int i = 0; i < 500; ++i) targets.push_back(Target(NewUuid()));
  prober_->SetTargets(targets);

  size_t most = 0;
  for (Duration passed{}; passed < kInterval; passed += 100ms) {
    const size_t before = client_.asked.size();
    core_.Advance(100ms);
    most = std::max(most, client_.asked.size() - before);
  }

  EXPECT_EQ(client_.asked.size(), 500U);
  EXPECT_LE(most, 25U) << "5 are the mean of a tenth of a second";
}

TEST_F(EngineProberTest, TargetsThatGoAreForgottenAndTheOthersGoOn) {
  prober_->SetTargets({Target("a")});
  for (int i = 0; i < 2; ++i) ProbeAndEnd(ProbeOutcome::kTimeout);

  prober_->SetTargets({Target("a"), Target("b")});
  EXPECT_TRUE(client_.forgotten.empty());
  prober_->SetTargets({Target("a")});
  EXPECT_THAT(client_.forgotten, ElementsAre(EngineId("b")));
  EXPECT_TRUE(ProbeAndEnd(ProbeOutcome::kTimeout).is_hung) << "its failures still count";

  prober_->SetTargets({});
  core_.Advance(5 * kInterval);
  EXPECT_EQ(client_.asked.size(), 3U);
  EXPECT_THAT(client_.forgotten, ElementsAre(EngineId("b"), EngineId("a")));
}

TEST_F(EngineProberTest, AnEngineThatIsElsewhereNowBeginsAnew) {
  prober_->SetTargets({Target("a")});
  for (int i = 0; i < 2; ++i) ProbeAndEnd(ProbeOutcome::kTimeout);

  prober_->SetTargets({Target("a", 5050)});

  EXPECT_THAT(client_.forgotten, ElementsAre(EngineId("a")));
  EXPECT_EQ(ProbeAndEnd(ProbeOutcome::kTimeout).failures_in_a_row, 1U);
  EXPECT_EQ(client_.asked.back().target.port, 5050);
}

TEST_F(EngineProberTest, AnAnswerForATargetThatIsGoneIsDropped) {
  prober_->SetTargets({Target("a")});
  AwaitProbe();
  prober_->SetTargets({});
  prober_->SetTargets({Target("a")});

  client_.End(ProbeOutcome::kRefused);
  core_.RunUntilIdle();

  EXPECT_TRUE(results_.empty());
  EXPECT_TRUE(ProbeAndEnd(ProbeOutcome::kAnswered).answered);
}

TEST_F(EngineProberTest, AnAnswerAfterTheEndFindsNobody) {
  prober_->SetTargets({Target("a")});
  AwaitProbe();
  prober_.reset();

  client_.End(ProbeOutcome::kAnswered);
  core_.RunUntilIdle();

  EXPECT_TRUE(results_.empty());
  EXPECT_EQ(core_.pending(), 0U);
}

TEST_F(EngineProberTest, TheListenerMayEndIt) {
  prober_->SetTargets({Target("a")});
  on_result_ = [this] { prober_->Stop(); };

  ProbeAndEnd(ProbeOutcome::kRefused);

  EXPECT_EQ(core_.pending(), 0U);
  EXPECT_THAT(client_.forgotten, ElementsAre(EngineId("a")));
}

TEST_F(EngineProberTest, CountsWhatItSees) {
  prober_->SetTargets({Target("a")});
  ProbeAndEnd(ProbeOutcome::kAnswered);
  ProbeAndEnd(ProbeOutcome::kTimeout);
  ProbeAndEnd(ProbeOutcome::kTimeout);
  ProbeAndEnd(ProbeOutcome::kRefused);
  ProbeAndEnd(ProbeOutcome::kUnreachable);

  const std::string text = metrics_.Render();
  EXPECT_THAT(text, HasSubstr("foxfire_engine_probe_seconds_count 1\n"));
  EXPECT_THAT(text, HasSubstr("foxfire_engine_probe_failures_total{kind=\"timeout\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("foxfire_engine_probe_failures_total{kind=\"refused\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("foxfire_engine_probe_failures_total{kind=\"unreachable\"} 1\n"));
}

}  // namespace
}  // namespace foxfire::server
