// conf/foxfire.toml and docs/configuration.md say the same as the table of keys, in both
// directions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "common/files.h"
#include "server/config/config_loader.h"
#include "server/config/config_schema.h"
#include "server/config/config_text.h"

namespace foxfire::server {
namespace {

// Section and key → what is written about it.
using Entries = std::map<std::string, std::string>;

std::vector<std::string> LinesOf(const char* name) {
  const auto text = ReadFile(Path(FOXFIRE_SOURCE_FOLDER) / name);
  EXPECT_TRUE(text) << text.error().message;
  std::vector<std::string> lines;
  std::istringstream stream(text.value_or(""));
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string DefaultOf(const ConfigKey& key) {
  Config config;
  ProfileConfig profile;
  return FormatField(key.field({&config, &profile}));
}

bool IsTable(const ConfigKey& key) {
  Config config;
  ProfileConfig profile;
  return std::holds_alternative<StringMap*>(key.field({&config, &profile}));
}

std::string InFile(std::string_view section) {
  return section == kProfileSection ? "profile.default" : std::string(section);
}

TEST(ConfigDocumentsTest, TheReferenceHasARowForEachKeyAndNoOther) {
  Entries expected;
  for (const ConfigKey& key : ConfigKeys())
    expected["[" + std::string(key.section) + "] " + std::string(key.name)] =
        "`" + DefaultOf(key) + "` | " + DescribeKey(key);

  Entries written;
  std::string section;
  const std::regex heading(R"(## (\[.*\]))");
  const std::regex row(R"(\| `([a-z_]+)` \| (.*) \|)");
  for (const std::string& line : LinesOf("docs/configuration.md")) {
    std::smatch match;
    if (std::regex_match(line, match, heading)) section = match[1];
    if (std::regex_match(line, match, row)) written[section + " " + match[1].str()] = match[2];
  }

  EXPECT_THAT(written, testing::ContainerEq(expected));
}

TEST(ConfigDocumentsTest, TheReferenceHasTheSectionsInTheSameOrder) {
  std::vector<std::string> expected;
  for (const std::string_view section : ConfigSections())
    expected.push_back("## [" + std::string(section) + "]");

  std::vector<std::string> written;
  for (const std::string& line : LinesOf("docs/configuration.md")) {
    if (line.rfind("## ", 0) == 0) written.push_back(line);
  }

  EXPECT_EQ(written, expected);
}

TEST(ConfigDocumentsTest, TheExampleFileHasEachKeyWithItsDefaultAndOneComment) {
  Entries expected;
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string section = InFile(key.section);
    const std::string name(key.name);
    if (IsTable(key))
      expected["[" + section + "." + name + "]"] = "# " + DescribeKey(key);
    else
      expected["[" + section + "] " + name] = DefaultOf(key) + " # " + DescribeKey(key);
  }

  Entries written;
  std::string section;
  std::string before;
  const std::regex heading(R"(\[profile\.default\.[a-z_]+\])");
  const std::regex assignment(R"(# ([a-z_]+) = (.*))");
  for (const std::string& line : LinesOf("conf/foxfire.toml")) {
    std::smatch match;
    if (line.rfind('[', 0) == 0) section = line;
    if (std::regex_match(line, heading)) written[line] = before;
    if (std::regex_match(line, match, assignment))
      written[section + " " + match[1].str()] = match[2].str() + " " + before;
    before = line;
  }

  EXPECT_THAT(written, testing::ContainerEq(expected));
}

TEST(ConfigDocumentsTest, TheExampleFileSetsNothingButDefaults) {
  std::string commented;
  std::string plain;
  const std::regex assignment(R"(# ([a-z_]+ = .*))");
  for (const std::string& line : LinesOf("conf/foxfire.toml")) {
    std::smatch match;
    commented += line + "\n";
    plain += (std::regex_match(line, match, assignment) ? match[1].str() : line) + "\n";
  }
  const LoadContext context{"/opt/foxfire/bin", 2};

  const auto nothing = ParseConfig("", "/etc/foxfire.toml", context);
  const auto as_it_is = ParseConfig(commented, "/etc/foxfire.toml", context);
  const auto switched_on = ParseConfig(plain, "/etc/foxfire.toml", context);

  ASSERT_TRUE(as_it_is) << ToString(as_it_is.error());
  EXPECT_EQ(as_it_is->config, nothing->config);
  ASSERT_TRUE(switched_on) << ToString(switched_on.error());
  EXPECT_EQ(switched_on->config, nothing->config);
}

}  // namespace
}  // namespace foxfire::server
