#include "cli/app.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "tests/unit/cli/samples.h"

namespace foxfire::cli {
namespace {

using Arguments = std::vector<std::string>;

class AppTest : public testing::Test {
 protected:
  ExitCode RunWith(Arguments arguments) {
    const World world{out_, err_, std::nullopt, FromUnixMillis(kNoon), [this](const char* name) {
                        const auto found = environment_.find(name);
                        return found == environment_.end() ? std::nullopt
                                                           : std::optional(found->second);
                      }};
    return cli::Run(std::move(arguments), world);
  }

  std::map<std::string, std::string> environment_ = {{"FOXFIRE_TOKEN", "a-token"}};
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(AppTest, PrintsItsVersion) {
  EXPECT_EQ(RunWith({"--version"}), ExitCode::kDone);
  EXPECT_EQ(out_.str().rfind("foxfire ", 0), 0U);
}

TEST_F(AppTest, PrintsHelpForEachCommand) {
  const std::vector<Arguments> commands = {{},
                                           {"engine"},
                                           {"engine", "list"},
                                           {"engine", "kill"},
                                           {"engine", "start"},
                                           {"engine", "drain"},
                                           {"engine", "register"},
                                           {"engine", "unregister"},
                                           {"session"},
                                           {"session", "close"},
                                           {"token", "create"},
                                           {"token", "revoke"},
                                           {"event", "list"}};
  for (Arguments command : commands) {
    command.push_back("--help");
    EXPECT_EQ(RunWith(command), ExitCode::kDone);
  }
  EXPECT_EQ(err_.str(), "");
}

struct WrongUsage {
  Arguments arguments;
  std::string complaint;
};

class AppUsageTest : public AppTest, public testing::WithParamInterface<WrongUsage> {};

TEST_P(AppUsageTest, SaysInOneLineWhatIsWrong) {
  EXPECT_EQ(RunWith(GetParam().arguments), ExitCode::kWrongUsage);

  const std::string error = err_.str();
  EXPECT_EQ(error.rfind("foxfire: ", 0), 0U) << error;
  EXPECT_EQ(error.find('\n'), error.size() - 1) << error;
  EXPECT_NE(error.find(GetParam().complaint), std::string::npos) << error;
  EXPECT_EQ(out_.str(), "");
}

INSTANTIATE_TEST_SUITE_P(
    Table, AppUsageTest,
    testing::Values(
        WrongUsage{{}, "subcommand"}, WrongUsage{{"engine"}, "subcommand"},
        WrongUsage{{"nonsense"}, "\"nonsense\" is not known"},
        WrongUsage{{"engine", "explode"}, "\"explode\" is not known"},
        WrongUsage{{"engine", "list", "--nonsense"}, "--nonsense"},
        WrongUsage{{"engine", "list", "--output", "xml"}, "--output"},
        WrongUsage{{"engine", "list", "--timeout", "3"}, "is not a duration"},
        WrongUsage{{"engine", "show"}, "ENGINE"}, WrongUsage{{"engine", "kill"}, "ENGINE"},
        WrongUsage{{"engine", "kill", "12345678", "--grace", "soon"}, "is not a duration"},
        WrongUsage{{"engine", "logs", "12345678", "--lines", "0"}, "--lines"},
        WrongUsage{{"engine", "list", "--failures", "--spares"}, "--spares"},
        WrongUsage{{"engine", "drain"}, "ENGINE"},
        WrongUsage{{"engine", "drain", "12345678", "--grace", "soon"}, "is not a duration"},
        WrongUsage{{"engine", "register", "--user", "a"}, "--endpoint"},
        WrongUsage{{"engine", "register", "--endpoint", "127.0.0.1:1"}, "--group"},
        WrongUsage{{"engine", "register", "--endpoint", "127.0.0.1:1", "--user", "a", "--server"},
                   "--server"},
        WrongUsage{{"engine", "register", "--endpoint", "127.0.0.1:1", "--user", "a",
                    "--engine-token-file", "/nonexistent/token"},
                   "/nonexistent/token"},
        WrongUsage{{"engine", "unregister"}, "ENGINE"}, WrongUsage{{"session", "close"}, "SESSION"},
        WrongUsage{{"session", "list", "--state", "gone"}, "--state"},
        WrongUsage{{"session", "list", "--state", "lost", "--all"}, "--all"},
        WrongUsage{{"token", "create"}, "--user"},
        WrongUsage{{"token", "create", "--user", "a", "--role", "king"}, "--role"},
        WrongUsage{{"token", "create", "--user", "a", "--ttl", "3y"}, "is not a duration"},
        WrongUsage{{"token", "revoke"}, "TOKEN_ID"},
        WrongUsage{{"event", "list", "--since", "yesterday"}, "how long ago"},
        WrongUsage{{"event", "list", "--limit", "0"}, "--limit"}));

TEST_F(AppTest, AsksForATokenIfThereIsNone) {
  environment_.clear();

  EXPECT_EQ(RunWith({"engine", "list"}), ExitCode::kWrongUsage);
  EXPECT_NE(err_.str().find("--token-file"), std::string::npos);
}

TEST_F(AppTest, NamesTheAddressThatItCannotReach) {
  environment_["FOXFIRE_SERVER"] = "127.0.0.1:1";

  EXPECT_EQ(RunWith({"engine", "list", "--timeout", "10s"}), ExitCode::kFailed);
  EXPECT_NE(err_.str().find("127.0.0.1:1"), std::string::npos) << err_.str();
  EXPECT_NE(err_.str().find("--server"), std::string::npos);
}

TEST_F(AppTest, SaysWhichCertificateFileCannotBeRead) {
  EXPECT_EQ(RunWith({"engine", "list", "--ca-file", "/nonexistent/ca.pem"}), ExitCode::kWrongUsage);
  EXPECT_NE(err_.str().find("/nonexistent/ca.pem"), std::string::npos) << err_.str();
}

TEST(ExitCodeTest, FollowsTheError) {
  EXPECT_EQ(ExitCodeOf(Code::kOk), ExitCode::kDone);
  EXPECT_EQ(ExitCodeOf(Code::kInternal), ExitCode::kFailed);
  EXPECT_EQ(ExitCodeOf(Code::kUnavailable), ExitCode::kFailed);
  EXPECT_EQ(ExitCodeOf(Code::kFailedPrecondition), ExitCode::kFailed);
  EXPECT_EQ(ExitCodeOf(Code::kInvalidArgument), ExitCode::kWrongUsage);
  EXPECT_EQ(ExitCodeOf(Code::kUnauthenticated), ExitCode::kNotAllowed);
  EXPECT_EQ(ExitCodeOf(Code::kPermissionDenied), ExitCode::kNotAllowed);
  EXPECT_EQ(ExitCodeOf(Code::kNotFound), ExitCode::kNotFound);
}

}  // namespace
}  // namespace foxfire::cli
