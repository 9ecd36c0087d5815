#include "server/store/sqlite_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

namespace foxfire::server {
namespace {

using testing::HasSubstr;

TEST(SqliteErrorTest, NamesFileAndCureForEachKindOfError) {
  struct Case {
    int sqlite_code;
    Code code;
    const char* cure;
  };
  const Case cases[] = {
      {SQLITE_FULL, Code::kResourceExhausted, "free space on the disk of /var/foxfire"},
      {SQLITE_BUSY, Code::kUnavailable, "end the process that holds it"},
      {SQLITE_LOCKED, Code::kUnavailable, "end the process that holds it"},
      {SQLITE_READONLY, Code::kFailedPrecondition, "write the file and the folder /var/foxfire"},
      {SQLITE_CANTOPEN, Code::kFailedPrecondition, "or change store.file"},
      {SQLITE_CORRUPT, Code::kDataLoss,
       "mv /var/foxfire/foxfire.db /var/foxfire/foxfire.db.broken"},
      {SQLITE_NOTADB, Code::kDataLoss, "found again through ZooKeeper"},
      {SQLITE_IOERR_WRITE, Code::kUnavailable, "check the disk of /var/foxfire"},
      {SQLITE_MISUSE, Code::kInternal, "SQLite's documentation"},
  };
  for (const Case& one : cases) {
    const SQLite::Exception exception("what SQLite says", one.sqlite_code);

    const Error error = SqliteError(exception, "writing", "/var/foxfire/foxfire.db");

    EXPECT_EQ(error.code, one.code) << one.sqlite_code;
    EXPECT_THAT(error.message,
                testing::StartsWith("store /var/foxfire/foxfire.db: writing: what SQLite says: "));
    EXPECT_THAT(error.message, HasSubstr(one.cure));
  }
}

TEST(SqliteErrorTest, LetsValuesThrough) {
  const auto value = CatchSqlite("reading", "/x", [] { return 7; });
  const auto nothing = CatchSqlite("reading", "/x", [] {});

  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(*value, 7);
  EXPECT_TRUE(nothing.has_value());
}

TEST(SqliteErrorTest, TurnsAnExceptionIntoAnError) {
  const auto failed =
      CatchSqlite("reading", "/x/y", []() -> int { throw SQLite::Exception("full", SQLITE_FULL); });

  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, Code::kResourceExhausted);
}

}  // namespace
}  // namespace foxfire::server
