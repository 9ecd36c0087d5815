#include "server/store/retention.h"

#include <SQLiteCpp/Transaction.h>

#include <algorithm>

#include "server/store/event_chain.h"
#include "server/store/statement.h"

namespace foxfire::server {
namespace {

// The rows_max newest stay, older ones go: rows before the start of the one that is number
// rows_max from the end.
constexpr const char* kDeleteSessions = R"(
DELETE FROM sessions WHERE state <> 'active' AND (
  last_activity_at_ms < ?1 OR created_at_ms < (
    SELECT created_at_ms FROM sessions WHERE state <> 'active'
    ORDER BY created_at_ms DESC LIMIT 1 OFFSET ?2 - 1)))";

constexpr const char* kDeleteEngines = R"(
DELETE FROM engines WHERE ended_at_ms IS NOT NULL AND (
  ended_at_ms < ?1 OR started_at_ms < (
    SELECT started_at_ms FROM engines WHERE ended_at_ms IS NOT NULL
    ORDER BY started_at_ms DESC LIMIT 1 OFFSET ?2 - 1)))";

// One without an end is over too by then: its gateway died before it could say so.
constexpr const char* kDeleteOperations = R"(
DELETE FROM operations WHERE
  coalesce(ended_at_ms, started_at_ms) < ?1 OR started_at_ms < (
    SELECT started_at_ms FROM operations ORDER BY started_at_ms DESC LIMIT 1 OFFSET ?2 - 1))";

// The plus keeps the index on time out of it: the oldest events come first by seq, and the first
// one that stays ends the search.
constexpr const char* kFirstKept =
    "SELECT seq FROM events WHERE +time_ms >= ? ORDER BY seq LIMIT 1";

int64_t DeleteEvents(SQLite::Database& database, const Retention& retention) {
  const ChainEnd end = ReadChainEnd(database);
  SQLite::Statement query(database, kFirstKept);
  Bind(query, 1, retention.keep_since);
  const int64_t by_age = query.executeStep() ? query.getColumn(0).getInt64() : end.seq + 1;
  query.reset();
  const int64_t first = std::max(by_age, end.seq - retention.rows_max + 1);

  SQLite::Statement move_start(
      database,
      "UPDATE chain_start SET (seq, hash) = (SELECT seq, hash FROM events "
      "WHERE seq = ?1) WHERE EXISTS (SELECT 1 FROM events WHERE seq = ?1)");
  Execute(move_start, first - 1);
  SQLite::Statement remove(database, "DELETE FROM events WHERE seq < ?");
  return Execute(remove, first);
}

int64_t DeleteRows(SQLite::Database& database, const char* sql, const Retention& retention) {
  SQLite::Statement remove(database, sql);
  return Execute(remove, retention.keep_since, retention.rows_max);
}

}  // namespace

int64_t DeleteOld(SQLite::Database& database, const Retention& retention) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  int64_t rows = DeleteEvents(database, retention);
  for (const char* sql : {kDeleteSessions, kDeleteEngines, kDeleteOperations})
    rows += DeleteRows(database, sql, retention);
  transaction.commit();
  return rows;
}

}  // namespace foxfire::server
