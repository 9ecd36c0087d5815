#include "server/store/store_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "server/store/event_row.h"
#include "server/store/sqlite_error.h"
#include "server/store/statement.h"

namespace foxfire::server {
namespace {

// "WHERE user = ? AND type = ?" of those that are set.
class Conditions {
 public:
  void Equal(const char* column, const std::string& wanted) {
    if (wanted.empty()) return;
    Add(fmt::format("{} = ?", column));
    texts_.push_back(&wanted);
  }
  // After the others.
  void AtLeast(const char* column, const std::optional<WallTime>& time) {
    if (!time) return;
    Add(fmt::format("{} >= ?", column));
    since_ = time;
  }
  const std::string& sql() const { return sql_; }
  // Which index the next value has.
  int BindAll(SQLite::Statement& query) const {
    int index = 0;
    for (const std::string* text : texts_) Bind(query, ++index, *text);
    if (since_) Bind(query, ++index, *since_);
    return index + 1;
  }

 private:
  void Add(const std::string& condition) {
    sql_ += (sql_.empty() ? "WHERE " : " AND ") + condition;
  }

  std::string sql_;
  std::vector<const std::string*> texts_;
  std::optional<WallTime> since_;
};

int64_t RowLimit(size_t limit) {
  return static_cast<int64_t>(
      std::min<uint64_t>(limit, static_cast<uint64_t>(std::numeric_limits<int64_t>::max())));
}

// The query answers newest first; this answers oldest first.
template <typename Row>
std::vector<Row> ReadRows(SQLite::Statement& query, Row (*read)(SQLite::Statement&)) {
  std::vector<Row> rows;
  while (query.executeStep()) rows.push_back(read(query));
  std::reverse(rows.begin(), rows.end());
  return rows;
}

SessionRecord SessionOf(SQLite::Statement& row) {
  SessionRecord session;
  session.session_id = row.getColumn(0).getString();
  session.user = row.getColumn(1).getString();
  session.engine_id = row.getColumn(2).getString();
  session.engine_key = row.getColumn(3).getString();
  session.state = row.getColumn(4).getString();
  session.created_at = TimeOf(row.getColumn(5));
  session.last_activity_at = TimeOf(row.getColumn(6));
  session.operations = row.getColumn(7).getInt64();
  session.client = row.getColumn(8).getString();
  session.end_reason = row.getColumn(9).getString();
  return session;
}

EngineRow EngineOf(SQLite::Statement& row) {
  EngineRow engine;
  engine.engine_id = row.getColumn(0).getString();
  engine.key = row.getColumn(1).getString();
  engine.owner = row.getColumn(2).getString();
  engine.state = row.getColumn(3).getString();
  engine.endpoint = row.getColumn(4).getString();
  engine.pid = row.getColumn(5).getInt64();
  engine.application_id = row.getColumn(6).getString();
  engine.spark_version = row.getColumn(7).getString();
  engine.started_at = TimeOf(row.getColumn(8));
  engine.ended_at = OptionalTimeOf(row.getColumn(9));
  engine.end_reason = row.getColumn(10).getString();
  return engine;
}

}  // namespace

StoreReader::StoreReader(Path file, std::unique_ptr<SQLite::Database> connection)
    : file_(std::move(file)), connection_(std::move(connection)) {}

Result<std::vector<EventRecord>> StoreReader::ListEvents(const EventFilter& filter) {
  Conditions conditions;
  conditions.Equal("user", filter.user);
  conditions.Equal("type", filter.type);
  conditions.Equal("session_id", filter.session_id);
  conditions.Equal("engine_id", filter.engine_id);
  conditions.AtLeast("time_ms", filter.since);
  MutexLock lock(mutex_);
  SQLite::Database& database = *connection_;
  return CatchSqlite("reading events", file_, [&] {
    SQLite::Statement query(
        database, fmt::format("SELECT {} FROM events {} ORDER BY seq DESC LIMIT ?", kEventColumns,
                              conditions.sql()));
    Bind(query, conditions.BindAll(query), RowLimit(filter.limit));
    return ReadRows(query, EventOf);
  });
}

Result<std::vector<SessionRecord>> StoreReader::ListSessions(const SessionFilter& filter) {
  Conditions conditions;
  conditions.Equal("user", filter.user);
  conditions.Equal("state", filter.state);
  MutexLock lock(mutex_);
  SQLite::Database& database = *connection_;
  return CatchSqlite("reading sessions", file_, [&] {
    SQLite::Statement query(
        database, fmt::format("SELECT session_id, user, engine_id, engine_key, state, "
                              "created_at_ms, last_activity_at_ms, operations, client, end_reason "
                              "FROM sessions {} "
                              "ORDER BY created_at_ms DESC, user DESC, session_id DESC LIMIT ?",
                              conditions.sql()));
    Bind(query, conditions.BindAll(query), RowLimit(filter.limit));
    return ReadRows(query, SessionOf);
  });
}

Result<std::vector<SessionStart>> StoreReader::ListSessionStarts(
    const std::vector<TimeWindow>& windows) {
  MutexLock lock(mutex_);
  SQLite::Database& database = *connection_;
  return CatchSqlite("reading sessions", file_, [&] {
    SQLite::Statement query(database,
                            "SELECT user, engine_key, min(created_at_ms) "
                            "FROM sessions WHERE created_at_ms >= ? AND created_at_ms < ? "
                            "GROUP BY user, engine_key ORDER BY user, engine_key");
    std::vector<SessionStart> starts;
    for (size_t window = 0; window < windows.size(); ++window) {
      Bind(query, 1, windows[window].begin);
      Bind(query, 2, windows[window].end);
      while (query.executeStep()) {
        starts.push_back({query.getColumn(0).getString(), query.getColumn(1).getString(), window,
                          TimeOf(query.getColumn(2))});
      }
      query.reset();
    }
    return starts;
  });
}

Result<std::vector<EngineRow>> StoreReader::ListEngines(size_t limit) {
  MutexLock lock(mutex_);
  SQLite::Database& database = *connection_;
  return CatchSqlite("reading engines", file_, [&] {
    SQLite::Statement query(database,
                            "SELECT engine_id, key, owner, state, endpoint, pid, application_id, "
                            "spark_version, started_at_ms, ended_at_ms, end_reason FROM engines "
                            "ORDER BY started_at_ms DESC, engine_id DESC LIMIT ?");
    Bind(query, 1, RowLimit(limit));
    return ReadRows(query, EngineOf);
  });
}

Result<ChainEnd> StoreReader::VerifyEventChain() {
  MutexLock lock(mutex_);
  return server::VerifyEventChain(*connection_, file_);
}

}  // namespace foxfire::server
