#include "server/config/config_schema.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "server/config/config_loader.h"
#include "server/config/config_text.h"
#include "tests/unit/server/config/config_keys.h"

namespace foxfire::server {
namespace {

TEST(ConfigSchemaTest, EveryKeyStandsOnceAndIsDescribedInASentence) {
  std::set<std::string> seen;
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string name = TitleOf(key.section) + "." + std::string(key.name);
    EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_FALSE(key.meaning.empty()) << name;
    EXPECT_EQ(key.meaning.back(), '.') << name;
    EXPECT_EQ(key.meaning.find('\n'), std::string_view::npos) << name;
    EXPECT_EQ(FindConfigKey(key.section, key.name), &key) << name;
  }
}

TEST(ConfigSchemaTest, NoTwoKeysShareAField) {
  Defaults defaults;
  std::set<FieldRef> seen;
  for (const ConfigKey& key : ConfigKeys())
    EXPECT_TRUE(seen.insert(defaults.FieldOf(key)).second) << key.section << key.name;
}

TEST(ConfigSchemaTest, EveryDefaultIsAllowedInAFile) {
  Defaults defaults;
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string text = "[" + TitleOf(key.section) + "]\n" + std::string(key.name) + " = " +
                             FormatField(defaults.FieldOf(key)) + "\n";

    const auto loaded = ParseConfig(text, "/etc/foxfire.toml", {"/opt/foxfire/bin", 2});

    ASSERT_TRUE(loaded) << text << ToString(loaded.error());
    const auto without = ParseConfig("[" + TitleOf(key.section) + "]\n", "/etc/foxfire.toml",
                                     {"/opt/foxfire/bin", 2});
    EXPECT_EQ(loaded->config, without->config) << text;
  }
}

TEST(ConfigSchemaTest, EveryRangeHasTwoEndsThatItsTypeCanRead) {
  for (const ConfigKey& key : ConfigKeys()) {
    const size_t dots = key.allowed.find("..");
    if (dots == std::string_view::npos) continue;
    for (const std::string_view end : {key.allowed.substr(0, dots), key.allowed.substr(dots + 2)}) {
      Defaults defaults;
      const bool number = std::holds_alternative<int64_t*>(defaults.FieldOf(key));
      const std::string value = number ? std::string(end) : QuoteToml(end);
      const std::string text =
          "[" + TitleOf(key.section) + "]\n" + std::string(key.name) + " = " + value + "\n";

      const auto loaded = ParseConfig(text, "/etc/foxfire.toml", {});

      EXPECT_TRUE(loaded) << text << ToString(loaded.error());
    }
  }
}

TEST(ConfigTextTest, WritesValuesAsTomlDoes) {
  std::string text = "a \"b\" \\ \n";
  EXPECT_EQ(FormatField(&text), R"("a \"b\" \\ \u000a")");
  std::vector<std::string> list = {"a", "b"};
  EXPECT_EQ(FormatField(&list), R"(["a", "b"])");
  StringMap map = {{"x.y", "1"}, {"z", "2"}};
  EXPECT_EQ(FormatField(&map), R"({ "x.y" = "1", "z" = "2" })");
  Duration none{};
  EXPECT_EQ(FormatField(&none), R"("0s")");
}

TEST(ConfigTextTest, ListsChoices) {
  EXPECT_EQ(ListChoices("a|b|c"), "a, b or c");
  EXPECT_EQ(ListChoices("a"), "a");
  EXPECT_TRUE(IsChoice("b", "a|b"));
  EXPECT_FALSE(IsChoice("", "a|b"));
  EXPECT_FALSE(IsChoice("a|b", "a|b"));
}

}  // namespace
}  // namespace foxfire::server
