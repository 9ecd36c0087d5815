#include "auth/token_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/units.h"
#include "tests/support/temp_folder.h"

namespace foxfire::auth {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kId = "7d3f5f0e-3c0b-4e3c-9d55-0f5f1d3c2b1a";

std::string EntryText(const std::string& more = "") {
  return "{\"id\":\"" + std::string(kId) + "\",\"sha256\":\"" + std::string(64, 'a') +
         "\",\"user\":\"alice\",\"created_at\":\"2026-11-21T02:11:09Z\"" + more + "}";
}

std::string FileText(const std::string& entries) {
  return "{\"schema\":1,\"tokens\":[" + entries + "]}";
}

std::string ErrorOf(const std::string& text) {
  const auto tokens = ParseTokenFile(text, "/etc/tokens.json");
  return tokens ? std::string() : tokens.error().message;
}

TEST(TokenFileTest, ReadsBackWhatItWrote) {
  const TempFolder folder;
  TokenRecord plain;
  plain.id = kId;
  plain.sha256 = Sha256("one");
  plain.user = UserId("alice");
  plain.created_at = FromUnixMillis(1'767'225'600'123);
  TokenRecord full = plain;
  full.id[0] = '8';
  full.sha256 = Sha256("two");
  full.user = UserId("zo\xC3\xAB \"the fox\"");
  full.groups = {"etl", "sales"};
  full.roles = {"admin"};
  full.expires_at = FromUnixMillis(1'800'000'000'000);
  full.revoked_at = FromUnixMillis(1'790'000'000'001);
  full.created_by = "admin";

  ASSERT_TRUE(WriteTokenFile(folder / "tokens.json", {plain, full}).has_value());
  const auto read = ReadTokenFile(folder / "tokens.json");

  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_THAT(*read, testing::ElementsAre(plain, full));
  struct stat info {};
  ASSERT_EQ(stat((folder / "tokens.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST(TokenFileTest, ReadsBackAnEmptyList) {
  const auto read = ParseTokenFile(FormatTokenFile({}), "tokens.json");

  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_TRUE(read->empty());
}

TEST(TokenFileTest, TakesMissingListsAndTimesAsNone) {
  const auto read = ParseTokenFile(FileText(EntryText()), "tokens.json");

  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_TRUE(read->front().groups.empty());
  EXPECT_TRUE(read->front().roles.empty());
  EXPECT_EQ(read->front().expires_at, std::nullopt);
  EXPECT_EQ(read->front().revoked_at, std::nullopt);
}

TEST(TokenFileTest, NamesFileEntryAndCure) {
  EXPECT_EQ(ErrorOf(FileText(EntryText() + "," + EntryText(",\"user\":\"\""))),
            "token file /etc/tokens.json: tokens[1] (mend or remove it): "
            "\"user\" must not be empty");
  EXPECT_EQ(ErrorOf("{\"schema\":1,"),
            "token file /etc/tokens.json (mend it, or restore it from a backup): "
            "not JSON at byte 13");
  EXPECT_EQ(ErrorOf("{\"schema\":2,\"tokens\":[]}"),
            "token file /etc/tokens.json: \"schema\" is 2, but this Foxfire reads 1 only: use the "
            "version that wrote the file");
}

TEST(TokenFileTest, SaysWhatIsWrongWithAnEntry) {
  struct Case {
    const char* member;  // over the good one
    const char* message;
  };
  const Case cases[] = {
      {",\"id\":7", "\"id\" must be a string"},
      {",\"id\":\"x\"", "\"id\" must be a UUID"},
      {",\"sha256\":\"abc\"", "\"sha256\" must be the 64 hexadecimal digits"},
      {",\"sha256\":null", "\"sha256\" must be the 64 hexadecimal digits"},
      {",\"user\":\"a\\nb\"", "\"user\" must not contain control characters"},
      {",\"groups\":\"etl\"", "\"groups\" must be a list of names"},
      {",\"groups\":[1]", "\"groups\" must be a list of names"},
      {",\"groups\":[\"\"]", "a name in \"groups\" must not be empty"},
      {",\"roles\":[\"owner\"]", "\"roles\": the only role that there is is \"admin\""},
      {",\"created_at\":\"yesterday\"", "\"created_at\" must be a time such as"},
      {",\"expires_at\":17", "\"expires_at\" must be a time such as"},
      {",\"revoked_at\":\"\"", "\"revoked_at\" must be a time such as"},
      {",\"created_by\":[]", "\"created_by\" must be a string"},
      {",\"expires\":null", "it has a key that is none of id, sha256, "},
  };
  for (const Case& one : cases) {
    EXPECT_THAT(ErrorOf(FileText(EntryText(one.member))),
                AllOf(StartsWith("token file /etc/tokens.json: tokens[0] (mend or remove it): "),
                      HasSubstr(one.message)))
        << one.member;
  }
}

TEST(TokenFileTest, SaysWhatIsWrongWithTheWhole) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("not JSON"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("it must be a JSON object"));
  EXPECT_THAT(ErrorOf("{}"), HasSubstr("\"schema\" must be a whole number"));
  EXPECT_THAT(ErrorOf("{\"schema\":1}"), HasSubstr("\"tokens\" must be a list"));
  EXPECT_THAT(ErrorOf(FileText("7")),
              HasSubstr("tokens[0] (mend or remove it): it must be an obj"));
  EXPECT_THAT(ErrorOf(FileText(EntryText() + "," + EntryText())),
              HasSubstr("tokens[1] (mend or remove it): an entry before it has the same \"id\""));
  EXPECT_THAT(ErrorOf(FileText(EntryText() + "," +
                               EntryText(",\"id\":\"8d3f5f0e-3c0b-4e3c-9d55-0f5f1d3c2b1a\""))),
              HasSubstr("an entry before it has the same \"sha256\""));
}

TEST(TokenFileTest, RefusesAFileThatOthersCanRead) {
  const TempFolder folder;
  for (const mode_t mode : {0644U, 0640U, 0604U, 0620U}) {
    const Path file = folder.Write("tokens.json", FormatTokenFile({}), mode);

    const auto read = ReadTokenFile(file);

    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, Code::kFailedPrecondition);
    EXPECT_THAT(read.error().message, HasSubstr("run \"chmod 600 " + file.string() + "\""));
  }
}

TEST(TokenFileTest, SaysWhenThereIsNoFile) {
  const TempFolder folder;

  const auto read = ReadTokenFile(folder / "none.json");

  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, Code::kNotFound);
  EXPECT_EQ(read.error().message,
            "token file: " + (folder / "none.json").string() + " does not exist");
}

TEST(TokenFileTest, SaysWhenItIsAFolder) {
  const TempFolder folder;
  ASSERT_TRUE(MakeFolder(folder / "tokens.json", 0700).has_value());

  const auto read = ReadTokenFile(folder / "tokens.json");

  ASSERT_FALSE(read.has_value());
  EXPECT_THAT(read.error().message, HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace foxfire::auth
