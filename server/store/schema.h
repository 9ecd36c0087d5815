// The tables of the database, and how older ones become the newest.
#pragma once

#include <SQLiteCpp/Database.h>

#include <span>

#include "common/files.h"
#include "common/result.h"

namespace foxfire::server {

// "fxfx", so that `file foxfire.db` and we know whose database it is.
inline constexpr int kApplicationId = 0x66786678;

// Migration n takes PRAGMA user_version from n to n+1. Those that were released never change.
std::span<const char* const> StoreMigrations();

// Errors unless the database is empty, or ours and not newer than `migrations`.
Result<void> CheckIdentity(SQLite::Database& database, const Path& file,
                           std::span<const char* const> migrations);

// Runs the migrations that are missing, each in a transaction of its own.
Result<void> Migrate(SQLite::Database& database, const Path& file,
                     std::span<const char* const> migrations);

}  // namespace foxfire::server
