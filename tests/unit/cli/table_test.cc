#include "cli/table.h"

#include <gtest/gtest.h>

namespace foxfire::cli {
namespace {

Table TwoColumns() {
  Table table;
  table.AddColumn("NAME");
  table.AddColumn("COUNT", Align::kRight);
  return table;
}

TEST(TableTest, AlignsColumns) {
  Table table = TwoColumns();
  table.AddRow({"a", "1"});
  table.AddRow({"longer", "12345678"});

  EXPECT_EQ(table.Render(std::nullopt),
            "NAME       COUNT\n"
            "a              1\n"
            "longer  12345678\n");
}

TEST(TableTest, ShowsEmptyAndMissingCellsAsDashes) {
  Table table = TwoColumns();
  table.AddRow({""});

  EXPECT_EQ(table.Render(std::nullopt),
            "NAME  COUNT\n"
            "-         -\n");
}

TEST(TableTest, CutsTheWidestColumnToTheWidth) {
  Table table = TwoColumns();
  table.AddRow({"abcdefghijklmnopqrstuvwxyz", "1"});

  EXPECT_EQ(table.Render(20),
            "NAME           COUNT\n"
            "abcdefghijkl…      1\n");
}

TEST(TableTest, CutsNothingWithoutAWidth) {
  Table table = TwoColumns();
  const std::string wide(500, 'x');
  table.AddRow({wide, "1"});

  EXPECT_NE(table.Render(std::nullopt).find(wide), std::string::npos);
}

TEST(TableTest, KeepsColumnsReadableHoweverNarrowTheTerminalIs) {
  Table table = TwoColumns();
  table.AddRow({"abcdefghijklmnopqrstuvwxyz", "1"});

  EXPECT_EQ(table.Render(3),
            "NAME      COUNT\n"
            "abcdefg…      1\n");
}

TEST(TableTest, CountsCharactersNotBytes) {
  Table table = TwoColumns();
  table.AddRow({"ñandú", "1"});
  table.AddRow({"nandu", "1"});

  EXPECT_EQ(table.Render(std::nullopt),
            "NAME   COUNT\n"
            "ñandú      1\n"
            "nandu      1\n");
}

TEST(TableTest, DisarmsControlCharacters) {
  Table table;
  table.AddColumn("CLIENT");
  table.AddRow(
      {"a\x1b[2Jb\nc\xC2\x9B"
       "d"});

  EXPECT_EQ(table.Render(std::nullopt),
            "CLIENT\n"
            "a?[2Jb?c?d\n");
}

TEST(TableTest, KeepsTheLinesOfSafeText) {
  EXPECT_EQ(SafeText("one\n\ttwo\x1b[31m\r\n"), "one\n\ttwo?[31m?\n");
}

TEST(TableTest, AlignsFields) {
  EXPECT_EQ(RenderFields({{"id", "1"}, {"longer", ""}}),
            "id:      1\n"
            "longer:  -\n");
}

}  // namespace
}  // namespace foxfire::cli
