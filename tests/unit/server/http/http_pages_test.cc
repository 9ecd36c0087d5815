#include "server/http/http_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "common/json.h"

namespace foxfire::server {
namespace {

using testing::HasSubstr;

ReadinessCheck Fine(const char* name) {
  return {name, []() -> Result<void> { return {}; }};
}

class HttpPagesTest : public testing::Test {
 protected:
  Metrics metrics_;
};

TEST_F(HttpPagesTest, IsHealthyWhileItAnswers) {
  const HttpPages pages({{"broken", [] { return MakeError(Code::kInternal, "x"); }}}, metrics_);

  const HttpAnswer answer = pages.Answer("GET", "/healthz");

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "ok\n");
}

TEST_F(HttpPagesTest, IsReadyWhenEveryCheckIsFine) {
  const HttpPages pages({Fine("store"), Fine("zookeeper")}, metrics_);

  const HttpAnswer answer = pages.Answer("GET", "/readyz");

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(ParseJson(answer.body).value(),
            (Json{{"ready", true},
                  {"checks",
                   {{{"name", "store"}, {"ok", true}, {"reason", ""}},
                    {{"name", "zookeeper"}, {"ok", true}, {"reason", ""}}}}}));
}

TEST_F(HttpPagesTest, SaysWhyItIsNotReady) {
  const HttpPages pages(
      {Fine("store"),
       {"zookeeper",
        []() -> Result<void> { return MakeError(Code::kUnavailable, "away since \"10s\"\n"); }}},
      metrics_);

  const HttpAnswer answer = pages.Answer("GET", "/readyz");

  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(ParseJson(answer.body).value(),
            (Json{{"ready", false},
                  {"checks",
                   {{{"name", "store"}, {"ok", true}, {"reason", ""}},
                    {{"name", "zookeeper"}, {"ok", false}, {"reason", "away since \"10s\"\n"}}}}}));
}

TEST_F(HttpPagesTest, IsReadyWithoutChecks) {
  EXPECT_EQ(HttpPages({}, metrics_).Answer("GET", "/readyz").status, 200);
}

TEST_F(HttpPagesTest, ACheckThatThrowsIsNotReady) {
  const HttpPages pages({{"store", []() -> Result<void> { throw std::runtime_error("bad"); }}},
                        metrics_);

  const HttpAnswer answer = pages.Answer("GET", "/readyz");

  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("the check failed: bad"));
}

TEST_F(HttpPagesTest, ShowsMetrics) {
  metrics_.AddCounter("foxfire_test_calls_total", "Calls.").Increment(3);

  const HttpAnswer answer = HttpPages({}, metrics_).Answer("GET", "/metrics");

  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.content_type, HasSubstr("version=0.0.4"));
  EXPECT_THAT(answer.body, HasSubstr("foxfire_test_calls_total 3"));
}

TEST_F(HttpPagesTest, AnythingElseIsOneLine) {
  const HttpPages pages({}, metrics_);

  for (const char* path : {"/", "", "/healthz/", "/HEALTHZ", "/../etc/passwd", "/metrics?x"}) {
    const HttpAnswer answer = pages.Answer("GET", path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body.find('\n'), answer.body.size() - 1) << path;
  }
  EXPECT_EQ(pages.Answer("HEAD", "/healthz").status, 200);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", ""})
    EXPECT_EQ(pages.Answer(method, "/healthz").status, 405) << method;
}

}  // namespace
}  // namespace foxfire::server
