#include "server/store/schema.h"

#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

#include <array>

#include "server/store/sqlite_error.h"

namespace foxfire::server {
namespace {

// Times are milliseconds since 1970-01-01 UTC. chain_start is the event before the first one that
// is kept: (0, 0…) until retention deletes some.
constexpr const char* kVersion1 = R"(
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  type TEXT NOT NULL,
  user TEXT NOT NULL,
  session_id TEXT NOT NULL,
  engine_id TEXT NOT NULL,
  operation_id TEXT NOT NULL,
  address TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE INDEX events_by_time ON events (time_ms);
CREATE INDEX events_by_user ON events (user);
CREATE INDEX events_by_session ON events (session_id);

CREATE TABLE chain_start (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL
) STRICT;
INSERT INTO chain_start (id, seq, hash) VALUES (1, 0, zeroblob(32));

CREATE VIEW events_readable AS
SELECT seq, strftime('%Y-%m-%dT%H:%M:%fZ', time_ms / 1000.0, 'unixepoch') AS time, type, user,
       session_id, engine_id, operation_id, address, detail
FROM events;

CREATE TABLE sessions (
  user TEXT NOT NULL,
  session_id TEXT NOT NULL,
  engine_id TEXT NOT NULL,
  engine_key TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_activity_at_ms INTEGER NOT NULL,
  operations INTEGER NOT NULL,
  client TEXT NOT NULL,
  end_reason TEXT NOT NULL,
  PRIMARY KEY (user, session_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_creation ON sessions (created_at_ms);
CREATE INDEX sessions_by_state ON sessions (state, last_activity_at_ms);

CREATE TABLE engines (
  engine_id TEXT NOT NULL PRIMARY KEY,
  key TEXT NOT NULL,
  owner TEXT NOT NULL,
  state TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  pid INTEGER NOT NULL,
  application_id TEXT NOT NULL,
  spark_version TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  end_reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX engines_by_start ON engines (started_at_ms);

CREATE TABLE operations (
  user TEXT NOT NULL,
  session_id TEXT NOT NULL,
  operation_id TEXT NOT NULL,
  engine_id TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  status INTEGER NOT NULL,
  address TEXT NOT NULL,
  PRIMARY KEY (user, session_id, operation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX operations_by_start ON operations (started_at_ms);
)";

constexpr std::array kMigrations = {kVersion1};

int PragmaOf(SQLite::Database& database, const char* name) {
  return database.execAndGet(fmt::format("PRAGMA {}", name)).getInt();
}

void Apply(SQLite::Database& database, const char* sql, size_t version) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  database.exec(sql);
  database.exec(fmt::format("PRAGMA application_id = {}", kApplicationId));
  database.exec(fmt::format("PRAGMA user_version = {}", version));
  transaction.commit();
}

}  // namespace

std::span<const char* const> StoreMigrations() { return kMigrations; }

Result<void> CheckIdentity(SQLite::Database& database, const Path& file,
                           std::span<const char* const> migrations) {
  struct Identity {
    int application = 0;
    int version = 0;
    int tables = 0;
  };
  ASSIGN_OR_RETURN(const Identity identity, CatchSqlite("opening", file, [&database] {
                     return Identity{
                         PragmaOf(database, "application_id"), PragmaOf(database, "user_version"),
                         database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt()};
                   }));
  const bool is_empty = identity.tables == 0 && identity.version == 0;
  if (!is_empty && identity.application != kApplicationId)
    return MakeError(Code::kFailedPrecondition,
                     fmt::format("store {}: it is the database of another program: set store.file "
                                 "to another path",
                                 file.string()));
  if (identity.version < 0 || static_cast<size_t>(identity.version) > migrations.size())
    return MakeError(
        Code::kFailedPrecondition,
        fmt::format("store {0}: a newer Foxfire wrote it (schema {1}, this one knows {2}): run "
                    "that version, or move the file away (mv {0} {0}.newer)",
                    file.string(), identity.version, migrations.size()));
  return {};
}

Result<void> Migrate(SQLite::Database& database, const Path& file,
                     std::span<const char* const> migrations) {
  return CatchSqlite("migrating", file, [&database, migrations] {
    const auto version = static_cast<size_t>(PragmaOf(database, "user_version"));
    for (size_t next = version; next < migrations.size(); ++next)
      Apply(database, migrations[next], next + 1);
  });
}

}  // namespace foxfire::server
