#include "engine_launcher/log_tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"

namespace foxfire::launcher {
namespace {

using testing::HasSubstr;

struct Case {
  const char* what;
  const char* text;
  const char* shown;
};

class RedactTest : public testing::TestWithParam<Case> {};

TEST_P(RedactTest, HidesValuesOnly) { EXPECT_EQ(Redact(GetParam().text, {}), GetParam().shown); }

INSTANTIATE_TEST_SUITE_P(
    Table, RedactTest,
    testing::Values(
        Case{"Nothing", "24/01/01 INFO SparkContext: Running",
             "24/01/01 INFO SparkContext: Running"},
        Case{"Bearer", "authorization: Bearer abc.def, ok", "authorization: Bearer <redacted>, ok"},
        Case{"BearerAnyCase", "BEARER x", "BEARER <redacted>"},
        Case{"KeyValue", "spark.connect.authenticate.token=abc def",
             "spark.connect.authenticate.token=<redacted> def"},
        Case{"Blanks", "password = hunter2;", "password = <redacted>;"},
        Case{"LongerKey", "fs.s3a.secret.key=AB/C+d", "fs.s3a.secret.key=<redacted>"},
        Case{"Json", R"({"dbPassword":"x y","n":1})", R"({"dbPassword":"<redacted> y","n":1})"},
        Case{"Quoted", "token='abc'", "token='<redacted>'"},
        Case{"AccessKey", "awsAccessKey=AKIA1 x", "awsAccessKey=<redacted> x"},
        Case{"Prose", "unexpected token: FROM", "unexpected token: FROM"},
        Case{"EmptyValue", "token=", "token="},
        Case{"Two", "token=a&secret=b", "token=<redacted>&secret=<redacted>"},
        Case{"AtTheEnd", "bearer ", "bearer "}),
    [](const auto& tested) { return tested.param.what; });

TEST(RedactSecretsTest, HidesGivenSecretsWhereverTheyStand) {
  EXPECT_EQ(Redact("a s3cr3t b xs3cr3tx", {Secret("s3cr3t"), Secret("")}),
            "a <redacted> b x<redacted>x");
}

TEST(LogTailTest, ShowsTheLastLines) {
  EXPECT_EQ(TailOfText("1\n2\n3\n4", 2, {}), "3\n4\n");
  EXPECT_EQ(TailOfText("1\n2\n", 5, {}), "1\n2\n");
  EXPECT_EQ(TailOfText("", 5, {}), "");
}

TEST(LogTailTest, PutsTheReasonOfAFailureLast) {
  const char* log = "a\nfoxfire-engine: FAILED: no memory\nException\n  at b\n  at c\n";

  EXPECT_EQ(TailOfText(log, 3, {}), "  at b\n  at c\nfoxfire-engine: FAILED: no memory\n");
  EXPECT_EQ(TailOfText(log, 1, {}), "foxfire-engine: FAILED: no memory\n");
}

TEST(LogTailTest, HidesASecretThatTheLogHolds) {
  const TempFolder folder;
  const Path log = folder.Write("engine.log", "one\nthe secret is hush\n");

  const auto tail = LogTail(log, 10, {Secret("hush")});

  ASSERT_TRUE(tail) << tail.error().message;
  EXPECT_EQ(*tail, "one\nthe secret is <redacted>\n");
}

TEST(LogTailTest, LeavesOutALineThatItCannotReadWhole) {
  const TempFolder folder;
  const Path log = folder.Write("engine.log", std::string(300'000, 'x') + "hush\nlast\n");

  const auto tail = LogTail(log, 10, {});

  ASSERT_TRUE(tail) << tail.error().message;
  EXPECT_EQ(*tail, "last\n");
}

TEST(LogTailTest, SurvivesALogWithoutLineEnds) {
  const TempFolder folder;
  const Path log = folder.Write("engine.log", std::string(300'000, 'x'));

  EXPECT_TRUE(LogTail(log, 10, {}));
}

TEST(LogTailTest, NamesAFileThatIsMissing) {
  const auto tail = LogTail("/nonexistent/engine.log", 10, {});

  ASSERT_FALSE(tail);
  EXPECT_EQ(tail.error().code, Code::kNotFound);
  EXPECT_THAT(tail.error().message, HasSubstr("/nonexistent/engine.log"));
}

}  // namespace
}  // namespace foxfire::launcher
