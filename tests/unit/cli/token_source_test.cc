#include "cli/token_source.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/temp_folder.h"

namespace foxfire::cli {
namespace {

class TokenSourceTest : public testing::Test {
 protected:
  Result<Secret> Find(const std::string& token_file = "") {
    return FindToken(token_file, [this](const char* name) {
      const auto found = environment_.find(name);
      return found == environment_.end() ? std::nullopt : std::optional(found->second);
    });
  }

  TempFolder folder_;
  std::map<std::string, std::string> environment_;
};

TEST_F(TokenSourceTest, PrefersTheNamedFile) {
  const Path file = folder_.Write("token", "of-the-file\n");
  environment_["FOXFIRE_TOKEN"] = "of-the-environment";

  EXPECT_EQ(Find(file.string())->Reveal(), "of-the-file");
}

TEST_F(TokenSourceTest, PrefersTheTokenVariableToTheFileVariable) {
  environment_["FOXFIRE_TOKEN"] = " of-the-environment ";
  environment_["FOXFIRE_TOKEN_FILE"] = "/nonexistent";

  EXPECT_EQ(Find()->Reveal(), "of-the-environment");
}

TEST_F(TokenSourceTest, ReadsTheFileOfTheVariable) {
  environment_["FOXFIRE_TOKEN_FILE"] = folder_.Write("token", "of-the-file").string();

  EXPECT_EQ(Find()->Reveal(), "of-the-file");
}

TEST_F(TokenSourceTest, NamesTheWaysToGiveOneIfThereIsNone) {
  const auto token = Find();

  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().code, Code::kInvalidArgument);
  EXPECT_NE(token.error().message.find("FOXFIRE_TOKEN_FILE"), std::string::npos);
}

TEST_F(TokenSourceTest, NamesTheFileThatCannotBeRead) {
  const auto token = Find("/nonexistent/token");

  ASSERT_FALSE(token);
  EXPECT_NE(token.error().message.find("/nonexistent/token"), std::string::npos);
}

TEST_F(TokenSourceTest, RefusesWhatCannotBeAToken) {
  for (const char* content : {"", " \n", "two words", "line\nline", "\x01", "t\xC3\xB6ken"}) {
    const auto token = Find(folder_.Write("token", content).string());

    ASSERT_FALSE(token) << content;
    EXPECT_EQ(token.error().code, Code::kInvalidArgument);
    EXPECT_NE(token.error().message.find("token"), std::string::npos);
    if (std::string(content).size() > 3) {
      EXPECT_EQ(token.error().message.find(content), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace foxfire::cli
