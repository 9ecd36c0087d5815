// conf/foxfire.toml and docs/configuration.md say the same as the table of keys, in both
// directions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "common/files.h"
#include "server/config/config_loader.h"
#include "server/config/config_schema.h"
#include "server/config/config_text.h"
#include "server/config/config_validate.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/server/config/config_keys.h"

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
  Defaults defaults;
  return FormatField(defaults.FieldOf(key));
}

bool IsTable(const ConfigKey& key) {
  Defaults defaults;
  return std::holds_alternative<StringMap*>(defaults.FieldOf(key));
}

// What stands between `before` and `after`, if the line begins with one and ends with the other.
std::optional<std::string> Between(std::string_view line, std::string_view before,
                                   std::string_view after) {
  if (line.size() < before.size() + after.size() || line.substr(0, before.size()) != before ||
      line.substr(line.size() - after.size()) != after)
    return std::nullopt;
  return std::string(line.substr(before.size(), line.size() - before.size() - after.size()));
}

// The two parts of `text` around `middle`, if the first one is a key's name.
std::optional<std::pair<std::string, std::string>> SplitAtName(const std::string& text,
                                                               std::string_view middle) {
  const size_t at = text.find(middle);
  if (at == std::string::npos || text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") < at)
    return std::nullopt;
  return std::pair(text.substr(0, at), text.substr(at + middle.size()));
}

// "# name = value" → name and value.
std::optional<std::pair<std::string, std::string>> CommentedAssignment(const std::string& line) {
  const auto text = Between(line, "# ", "");
  return text ? SplitAtName(*text, " = ") : std::nullopt;
}

// Groups, users and routes have no defaults of their own: the file shows how to write one.
bool IsCommentedSection(const std::string& line) {
  return line.rfind("# [group.", 0) == 0 || line.rfind("# [user.", 0) == 0 ||
         line.rfind("# [route.", 0) == 0;
}

// [profile.default.spark_conf]
bool IsTableHeading(const std::string& section) {
  return std::count(section.begin(), section.end(), '.') == 2;
}

TEST(ConfigDocumentsTest, TheReferenceHasARowForEachKeyAndNoOther) {
  Entries expected;
  for (const ConfigKey& key : ConfigKeys())
    expected["[" + std::string(key.section) + "] " + std::string(key.name)] =
        "`" + DefaultOf(key) + "` | " + DescribeKey(key);

  Entries written;
  std::string section;
  for (const std::string& line : LinesOf("docs/configuration.md")) {
    section = Between(line, "## ", "").value_or(section);
    const auto row = SplitAtName(Between(line, "| `", " |").value_or(""), "` | ");
    if (row) written[section + " " + row->first] = row->second;
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
    const std::string section = TitleOf(key.section);
    const std::string name(key.name);
    if (IsTable(key))
      expected["[" + section + "." + name + "]"] = "# " + DescribeKey(key);
    else
      expected["[" + section + "] " + name] = DefaultOf(key) + " # " + DescribeKey(key);
  }

  Entries written;
  std::string section;
  std::string before;
  for (const std::string& line : LinesOf("conf/foxfire.toml")) {
    const std::string last = section;
    if (line.rfind('[', 0) == 0) section = line;
    if (IsCommentedSection(line)) section = line.substr(2);
    if (IsTableHeading(section) && section != last) written[section] = before;
    // Below such a heading stand examples.
    const bool example = IsTableHeading(section);
    const auto assignment = CommentedAssignment(line);
    if (assignment && !example)
      written[section + " " + assignment->first] = assignment->second + " " + before;
    before = line;
  }

  EXPECT_THAT(written, testing::ContainerEq(expected));
}

TEST(ConfigDocumentsTest, TheExampleFileSetsNothingButDefaults) {
  std::string commented;
  std::string plain;
  for (const std::string& line : LinesOf("conf/foxfire.toml")) {
    commented += line + "\n";
    const bool is_commented = CommentedAssignment(line) || IsCommentedSection(line);
    plain += (is_commented ? line.substr(2) : line) + "\n";
  }
  const LoadContext context{"/opt/foxfire/bin", 2};

  const auto nothing = ParseConfig("", "/etc/foxfire.toml", context);
  const auto as_it_is = ParseConfig(commented, "/etc/foxfire.toml", context);
  auto switched_on = ParseConfig(plain, "/etc/foxfire.toml", context);

  ASSERT_TRUE(as_it_is) << ToString(as_it_is.error());
  EXPECT_EQ(as_it_is->config, nothing->config);
  ASSERT_TRUE(switched_on) << ToString(switched_on.error());
  for (auto* owners : {&switched_on->config.groups, &switched_on->config.users}) {
    EXPECT_EQ(owners->at("default"), (OwnerConfig{nothing->config.engine.sharing, {}}));
    owners->clear();
  }
  EXPECT_EQ(switched_on->config.routes.at("default"), RouteConfig());
  switched_on->config.routes.clear();
  EXPECT_EQ(switched_on->config, nothing->config);
}

TEST(ConfigDocumentsTest, TheExampleOfCatalogsIsRight) {
  const auto text = ReadFile(Path(FOXFIRE_SOURCE_FOLDER) / "conf/lakehouse.toml");
  ASSERT_TRUE(text) << text.error().message;
  const TempFolder folder;
  folder.Write("bin/foxfire-engine.jar", "jar");
  folder.Write("spark/jars/spark.jar", "jar");
  // All but what it cannot know.
  auto loaded = ParseConfig(*text, folder / "lakehouse.toml", {folder / "bin", 2});
  ASSERT_TRUE(loaded) << ToString(loaded.error());
  for (auto& [name, profile] : loaded->config.profiles) {
    EXPECT_EQ(profile.spark_home, "/opt/spark") << name;
    profile.spark_home = folder / "spark";
  }

  EXPECT_EQ(ToString(ValidateConfig(*loaded)), "");
  const StringMap& nightly = loaded->config.profiles.at("iceberg-nightly").spark_conf;
  EXPECT_EQ(nightly.at("spark.sql.catalog.lake"), "org.apache.iceberg.spark.SparkCatalog");
  EXPECT_EQ(nightly.at("spark.sql.catalog.lake.type"), "rest");
  EXPECT_EQ(DescribeEffectiveConfig(loaded->config).find("token of the service"),
            std::string::npos);
}

}  // namespace
}  // namespace foxfire::server
