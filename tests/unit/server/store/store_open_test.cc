// Databases that cannot be used: each gives one error that names the file and the cure.
#include <gmock/gmock.h>

#include <string>

#include "tests/unit/server/store/store_fixture.h"

namespace foxfire::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class StoreOpenTest : public StoreTest {
 protected:
  std::string Begin() const { return "store " + options_.file.string() + ": "; }
  std::string MoveAway() const {
    return "move it away (mv " + options_.file.string() + " " + options_.file.string() +
           ".broken) and start again: a new one is made, and sessions bound to engines are found "
           "again through ZooKeeper";
  }
};

TEST_F(StoreOpenTest, RefusesAFileThatIsNoDatabase) {
  folder_.Write("foxfire.db", std::string(10'000, 'x'));

  const Error error = OpenError();

  EXPECT_EQ(error.code, Code::kDataLoss);
  EXPECT_EQ(error.message, Begin() + "opening: file is not a database: " + MoveAway());
  EXPECT_EQ(*ReadFile(options_.file), std::string(10'000, 'x'));
}

TEST_F(StoreOpenTest, RefusesADamagedDatabaseAndStartsAnewOnceItIsMovedAway) {
  {
    const auto store = OpenStore();
    for (int i = 0; i < 1000; ++i) store->Append(MakeEvent("alice"));
  }
  std::string content = *ReadFile(options_.file);
  ASSERT_GT(content.size(), 40'000U);
  content.replace(20'000, 10'000, std::string(10'000, '\x55'));
  folder_.Write("foxfire.db", content, 0600);

  const Error error = OpenError();

  EXPECT_EQ(error.code, Code::kDataLoss);
  EXPECT_THAT(error.message, StartsWith(Begin()));
  EXPECT_THAT(error.message, HasSubstr(MoveAway()));

  std::filesystem::rename(options_.file, options_.file.string() + ".broken");
  EXPECT_EQ(OpenStore()->ListEvents({})->size(), 0U);
}

TEST_F(StoreOpenTest, RefusesATruncatedDatabase) {
  {
    const auto store = OpenStore();
    for (int i = 0; i < 1000; ++i) store->Append(MakeEvent("alice"));
  }
  std::filesystem::resize_file(options_.file, 20'000);

  EXPECT_EQ(OpenError().code, Code::kDataLoss);
  EXPECT_THAT(OpenError().message, HasSubstr(MoveAway()));
}

TEST_F(StoreOpenTest, TakesAnEmptyFileAsNew) {
  folder_.Write("foxfire.db", "");

  EXPECT_NE(OpenStore(), nullptr);
}

TEST_F(StoreOpenTest, IsNotConfusedByTheJournalOfADatabaseThatWasMovedAway) {
  const auto store = OpenStore();
  store->Append(MakeEvent("alice"));
  store->Flush();
  std::filesystem::copy(options_.file.string() + "-wal", folder_ / "kept-wal");
  std::filesystem::copy(options_.file, folder_ / "kept");
  options_.file = folder_ / "kept";
  std::filesystem::remove(options_.file);

  EXPECT_EQ(OpenStore()->ListEvents({})->size(), 0U);
}

TEST_F(StoreOpenTest, FindsWhatAKilledGatewayLeftInTheJournal) {
  const auto store = OpenStore();
  store->Append(MakeEvent("alice"));
  store->Flush();
  std::filesystem::copy(options_.file.string() + "-wal", folder_ / "kept-wal");
  std::filesystem::copy(options_.file, folder_ / "kept");
  options_.file = folder_ / "kept";

  EXPECT_EQ(OpenStore()->ListEvents({})->size(), 1U);
}

TEST_F(StoreOpenTest, RefusesTheDatabaseOfAnotherProgramAndLeavesItAlone) {
  {
    SQLite::Database foreign(options_.file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    foreign.exec("CREATE TABLE notes (text TEXT)");
  }
  const std::string before = *ReadFile(options_.file);

  const Error error = OpenError();

  EXPECT_EQ(error.code, Code::kFailedPrecondition);
  EXPECT_EQ(error.message,
            Begin() + "it is the database of another program: set store.file to another path");
  EXPECT_EQ(*ReadFile(options_.file), before);
}

TEST_F(StoreOpenTest, RefusesTheDatabaseOfANewerFoxfire) {
  OpenStore().reset();
  Run("PRAGMA user_version = 999");

  const Error error = OpenError();

  EXPECT_EQ(error.code, Code::kFailedPrecondition);
  EXPECT_THAT(error.message, StartsWith(Begin() + "a newer Foxfire wrote it (schema 999, "));
  EXPECT_THAT(error.message, HasSubstr("run that version, or move the file away (mv "));
}

TEST_F(StoreOpenTest, RefusesADatabaseThatAnotherGatewayUses) {
  const auto first = OpenStore();

  const Error error = OpenError();

  EXPECT_EQ(error.code, Code::kFailedPrecondition);
  EXPECT_EQ(error.message, Begin() +
                               "another foxfired uses it: end that one, or give this one its "
                               "own store.file");
}

TEST_F(StoreOpenTest, SaysWhenTheFolderCannotBeMade) {
  folder_.Write("state", "a file where the folder should be");
  options_.file = folder_ / "state/foxfire.db";

  const Error error = OpenError();

  EXPECT_THAT(error.message, StartsWith(Begin() + "creating the folder "));
  EXPECT_THAT(error.message, HasSubstr("let foxfired's user write there, or change store.file"));
}

TEST_F(StoreOpenTest, SaysWhenTheFileCannotBeMade) {
  options_.file = "/proc/foxfire.db";

  EXPECT_THAT(OpenError().message,
              HasSubstr("let foxfired's user write there, or change store.file"));
}

TEST_F(StoreOpenTest, SaysWhenItIsAFolder) {
  ASSERT_TRUE(MakeFolder(options_.file, 0700).has_value());

  EXPECT_THAT(OpenError().message, StartsWith(Begin() + "opening: unable to open database file: "));
}

TEST_F(StoreOpenTest, WaitsForAShellThatHoldsTheFileOnlyForItsPatience) {
  OpenStore().reset();
  SQLite::Database shell = Shell();
  shell.exec("PRAGMA locking_mode = EXCLUSIVE");
  shell.exec("BEGIN EXCLUSIVE");

  const Error error = OpenError();

  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("end the process that holds it"));
}

}  // namespace
}  // namespace foxfire::server
