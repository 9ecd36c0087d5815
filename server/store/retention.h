// What is old enough to go.
#pragma once

#include <SQLiteCpp/Database.h>

#include <cstdint>

#include "common/clock.h"

namespace foxfire::server {

struct Retention {
  WallTime keep_since;   // events since then, and what was not over by then, stay
  int64_t rows_max = 0;  // of events, of ended sessions and engines, of operations: each
};

// One transaction. Events go from the oldest on, so that the chain of the rest holds; active
// sessions and running engines stay. How many rows were deleted. Throws SQLite::Exception: see
// CatchSqlite.
int64_t DeleteOld(SQLite::Database& database, const Retention& retention);

}  // namespace foxfire::server
