// An event as a row: which columns, in which order.
#pragma once

#include <SQLiteCpp/Statement.h>

#include "server/store/event_store.h"
#include "server/store/statement.h"

namespace foxfire::server {

inline constexpr const char* kEventColumns =
    "seq, time_ms, type, user, session_id, engine_id, operation_id, address, detail";
inline constexpr int kEventColumnCount = 9;

// Of a row that begins with kEventColumns. Throws SQLite::Exception: see CatchSqlite.
inline EventRecord EventOf(SQLite::Statement& row) {
  EventRecord event;
  event.seq = row.getColumn(0).getInt64();
  event.time = TimeOf(row.getColumn(1));
  event.type = row.getColumn(2).getString();
  event.user = row.getColumn(3).getString();
  event.session_id = row.getColumn(4).getString();
  event.engine_id = row.getColumn(5).getString();
  event.operation_id = row.getColumn(6).getString();
  event.address = row.getColumn(7).getString();
  event.detail = row.getColumn(8).getString();
  return event;
}

}  // namespace foxfire::server
