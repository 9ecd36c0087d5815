#include "common/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace foxfire {
namespace {

using testing::HasSubstr;

TEST(MetricsTest, RendersWhatWasCounted) {
  Metrics metrics;
  metrics.AddCounter("foxfire_test_calls_total", "Calls.", {{"code", "OK"}}).Increment(2);
  metrics.AddGauge("foxfire_test_open", "Open calls.").Set(5);
  metrics.AddHistogram("foxfire_test_seconds", "Time.", {0.1, 1}).Observe(0.5);

  const std::string text = metrics.Render();

  EXPECT_THAT(text, HasSubstr("# HELP foxfire_test_calls_total Calls."));
  EXPECT_THAT(text, HasSubstr("# TYPE foxfire_test_calls_total counter"));
  EXPECT_THAT(text, HasSubstr("foxfire_test_calls_total{code=\"OK\"} 2"));
  EXPECT_THAT(text, HasSubstr("foxfire_test_open 5"));
  EXPECT_THAT(text, HasSubstr("foxfire_test_seconds_bucket{le=\"0.1\"} 0"));
  EXPECT_THAT(text, HasSubstr("foxfire_test_seconds_bucket{le=\"1\"} 1"));
  EXPECT_THAT(text, HasSubstr("foxfire_test_seconds_count 1"));
}

TEST(MetricsTest, TheSameNameAndLabelsAreTheSameMetric) {
  Metrics metrics;
  Counter& counter = metrics.AddCounter("foxfire_test_total", "x", {{"a", "1"}});

  EXPECT_EQ(&counter, &metrics.AddCounter("foxfire_test_total", "x", {{"a", "1"}}));
  EXPECT_NE(&counter, &metrics.AddCounter("foxfire_test_total", "x", {{"a", "2"}}));
}

TEST(MetricsTest, RefreshesValuesBeforeItRenders) {
  Metrics metrics;
  Gauge& gauge = metrics.AddGauge("foxfire_test_open", "x");
  int asked = 0;
  metrics.OnRender([&] { gauge.Set(++asked); });

  EXPECT_THAT(metrics.Render(), HasSubstr("foxfire_test_open 1"));
  EXPECT_THAT(metrics.Render(), HasSubstr("foxfire_test_open 2"));
}

TEST(MetricsTest, CountsFromManyThreads) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&metrics, i] {
      Counter& own = metrics.AddCounter("foxfire_test_total", "x", {{"n", std::to_string(i)}});
      Counter& shared = metrics.AddCounter("foxfire_shared_total", "x");
      for (int j = 0; j < 1000; ++j) {
        own.Increment();
        shared.Increment();
      }
      metrics.Render();
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_THAT(metrics.Render(), HasSubstr("foxfire_shared_total 4000"));
  EXPECT_THAT(metrics.Render(), HasSubstr("foxfire_test_total{n=\"3\"} 1000"));
}

}  // namespace
}  // namespace foxfire
