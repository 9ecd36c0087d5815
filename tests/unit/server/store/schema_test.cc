#include "server/store/schema.h"

#include <gmock/gmock.h>

#include <array>
#include <string>

#include "tests/unit/server/store/store_fixture.h"

namespace foxfire::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SchemaTest : public StoreTest {
 protected:
  SQLite::Database NewDatabase() const {
    return SQLite::Database(options_.file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  }
  int VersionOf(SQLite::Database& database) {
    return database.execAndGet("PRAGMA user_version").getInt();
  }
};

TEST_F(SchemaTest, TakesAnEmptyDatabaseToTheNewestVersion) {
  SQLite::Database database = NewDatabase();

  ASSERT_TRUE(CheckIdentity(database, options_.file, StoreMigrations()).has_value());
  ASSERT_TRUE(Migrate(database, options_.file, StoreMigrations()).has_value());

  EXPECT_EQ(VersionOf(database), static_cast<int>(StoreMigrations().size()));
  EXPECT_EQ(database.execAndGet("PRAGMA application_id").getInt(), kApplicationId);
  for (const char* table : {"events", "sessions", "engines", "operations", "chain_start"})
    EXPECT_TRUE(database.tableExists(table)) << table;
}

TEST_F(SchemaTest, RunsOnlyTheMigrationsThatAreMissing) {
  const std::array<const char*, 3> migrations = {
      "CREATE TABLE a (x INTEGER)", "INSERT INTO a VALUES (2)", "INSERT INTO a VALUES (3)"};
  SQLite::Database database = NewDatabase();
  ASSERT_TRUE(Migrate(database, options_.file, {migrations.data(), 1}).has_value());

  ASSERT_TRUE(Migrate(database, options_.file, migrations).has_value());
  ASSERT_TRUE(Migrate(database, options_.file, migrations).has_value());

  EXPECT_THAT(Query("SELECT x FROM a ORDER BY x"), ElementsAre("2", "3"));
  EXPECT_EQ(VersionOf(database), 3);
}

TEST_F(SchemaTest, LeavesTheLastGoodVersionWhenAMigrationFails) {
  const std::array<const char*, 2> migrations = {
      "CREATE TABLE a (x INTEGER)", "INSERT INTO a VALUES (2); INSERT INTO missing VALUES (1)"};
  SQLite::Database database = NewDatabase();

  const auto migrated = Migrate(database, options_.file, migrations);

  ASSERT_FALSE(migrated.has_value());
  EXPECT_THAT(migrated.error().message, HasSubstr(options_.file.string() + ": migrating: "));
  EXPECT_EQ(VersionOf(database), 1);
  EXPECT_THAT(Query("SELECT x FROM a"), testing::IsEmpty());
}

// fixtures/schema_1.sql is the dump of a database that version 1 wrote. A new version adds its own.
TEST_F(SchemaTest, ReadsADatabaseThatVersion1Wrote) {
  const auto dump = ReadFile(Path(FOXFIRE_FIXTURES) / "schema_1.sql");
  ASSERT_TRUE(dump.has_value()) << dump.error().message;
  NewDatabase().exec(*dump);
  ASSERT_THAT(Query("PRAGMA user_version"), ElementsAre("1"));

  const auto store = OpenStore();

  ASSERT_NE(store, nullptr);
  EventRecord first = MakeEvent("alice", 250);
  first.seq = 1;
  EventRecord second = MakeEvent("zo\xC3\xAB", 500);
  second.seq = 2;
  EXPECT_THAT(*store->ListEvents({}), ElementsAre(first, second));
  EXPECT_EQ(store->VerifyEvents(), Result<int64_t>(2));
  EXPECT_THAT(*store->ListSessions({}), ElementsAre(MakeSession("alice", "1")));
  EngineRow ended = MakeEngine("2", 100);
  ended.ended_at = At(900);
  ended.end_reason = "idle";
  EXPECT_THAT(*store->ListEngines(10), ElementsAre(MakeEngine("1"), ended));
  EXPECT_THAT(Query("SELECT operation_id FROM operations"), ElementsAre("1"));
  store->Append(MakeEvent("bob"));
  store->Flush();
  EXPECT_EQ(store->VerifyEvents(), Result<int64_t>(3));
}

}  // namespace
}  // namespace foxfire::server
