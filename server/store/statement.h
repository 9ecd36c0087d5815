// Values of ours in and out of SQLite's statements. Everything here may throw SQLite::Exception:
// see CatchSqlite.
#pragma once

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include <cstring>
#include <optional>
#include <string>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/units.h"

namespace foxfire::server {

inline void Bind(SQLite::Statement& statement, int index, int64_t value) {
  statement.bind(index, value);
}
// The text must stay until the statement has run.
inline void Bind(SQLite::Statement& statement, int index, const std::string& text) {
  statement.bindNoCopy(index, text);
}
inline void Bind(SQLite::Statement& statement, int index, WallTime time) {
  statement.bind(index, ToUnixMillis(time));
}
inline void Bind(SQLite::Statement& statement, int index, const std::optional<WallTime>& time) {
  if (time)
    Bind(statement, index, *time);
  else
    statement.bind(index);
}
inline void Bind(SQLite::Statement& statement, int index, const Sha256Digest& digest) {
  statement.bind(index, digest.data(), static_cast<int>(digest.size()));
}

// Binds `values` in order and runs a statement that answers no rows; how many rows it changed.
template <typename... Values>
int Execute(SQLite::Statement& statement, const Values&... values) {
  const Cleanup reset([&statement] { statement.tryReset(); });
  int index = 0;
  (Bind(statement, ++index, values), ...);
  return statement.exec();
}

inline WallTime TimeOf(const SQLite::Column& column) { return FromUnixMillis(column.getInt64()); }
inline std::optional<WallTime> OptionalTimeOf(const SQLite::Column& column) {
  if (column.isNull()) return std::nullopt;
  return TimeOf(column);
}
// All zero, which no event has, if it is no digest.
inline Sha256Digest DigestOf(const SQLite::Column& column) {
  Sha256Digest digest{};
  const void* const blob = column.getBlob();
  if (blob != nullptr && column.getBytes() == static_cast<int>(digest.size()))
    std::memcpy(digest.data(), blob, digest.size());
  return digest;
}

}  // namespace foxfire::server
