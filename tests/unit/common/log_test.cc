#include "common/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "common/files.h"
#include "common/json.h"
#include "common/secret.h"
#include "tests/support/temp_folder.h"

namespace foxfire {
namespace {

class LogTest : public testing::Test {
 protected:
  ~LogTest() override { EXPECT_TRUE(InitLogging({})); }

  // Writes to a file from now on.
  void LogToFile(bool json, const std::string& level = "info") {
    const auto result = InitLogging({level, file_.string(), json});
    ASSERT_TRUE(result) << result.error().message;
  }
  std::string Written() const { return ReadFile(file_).value_or("unreadable"); }

  TempFolder folder_;
  const Path file_ = folder_ / "logs/foxfired.log";
};

TEST_F(LogTest, WritesTimeLevelSubsystemAndMessage) {
  LogToFile(false);

  Log("broker").info("engine registered engine={}", "e1");

  EXPECT_THAT(Written(), testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z I "
                                               "broker: engine registered engine=e1\n"));
}

TEST_F(LogTest, NeverShowsASecret) {
  LogToFile(false, "trace");
  const Secret secret("s3same");

  Log("auth").trace("verifying token={}", secret);
  Log("auth").flush();

  EXPECT_EQ(Written().find("s3same"), std::string::npos);
  EXPECT_NE(Written().find("token=<redacted>"), std::string::npos);
}

TEST_F(LogTest, NothingInAMessageEndsItsLine) {
  LogToFile(false);

  Log("http2").info("agent={}", std::string("a\nb\r\x1b[31m\0é", 12));

  const std::string written = Written();
  EXPECT_NE(written.find("agent=a\\nb\\x0d\\x1b[31m\\x00é\n"), std::string::npos) << written;
}

TEST_F(LogTest, JsonLinesAreJsonWhateverTheMessage) {
  LogToFile(true);

  Log("http2").warn("agent=\"{}\"", "a\nb\\ \xff");

  const auto json = ParseJson(Written());
  ASSERT_TRUE(json) << Written();
  EXPECT_EQ(JsonString(*json, "level").value(), "warning");
  EXPECT_EQ(JsonString(*json, "logger").value(), "http2");
  EXPECT_EQ(JsonString(*json, "message").value(), "agent=\"a\nb\\ \xef\xbf\xbd\"");
  EXPECT_EQ(JsonString(*json, "time").value().size(), 24U);
}

TEST_F(LogTest, LeavesOutWhatIsBelowTheLevel) {
  spdlog::logger& before = Log("made-before");
  LogToFile(false, "warn");

  before.info("hidden");
  Log("made-after").info("hidden");
  before.warn("shown");
  Log("made-after").error("shown");

  const std::string written = Written();
  EXPECT_EQ(written.find("hidden"), std::string::npos);
  EXPECT_NE(written.find("W made-before: shown"), std::string::npos);
  EXPECT_NE(written.find("E made-after: shown"), std::string::npos);
}

TEST_F(LogTest, GivesTheSameLoggerToEveryThread) {
  LogToFile(false);

  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      for (int j = 0; j < 50; ++j) Log("thread-" + std::to_string(j)).info("from={}", i);
    });
  }
  for (std::thread& thread : threads) thread.join();

  const std::string written = Written();
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 200);
  EXPECT_EQ(&Log("thread-1"), &Log("thread-1"));
}

TEST_F(LogTest, ABadLevelOrFileIsAnError) {
  const auto level = InitLogging({"loud", "", false});
  const auto file = InitLogging({"info", folder_.path().string(), false});

  ASSERT_FALSE(level || file);
  EXPECT_EQ(level.error().message,
            "\"loud\" is not a log level: write trace, debug, info, warn or error");
  EXPECT_NE(file.error().message.find("opening the log file"), std::string::npos);
}

}  // namespace
}  // namespace foxfire
