// Opening the database file.
#pragma once

#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <memory>

#include "common/file_lock.h"
#include "common/files.h"
#include "common/result.h"

namespace foxfire::server {

// The connection of the one writer, and the lock that keeps other gateways out.
struct WritableDatabase {
  FileLock lock;
  std::unique_ptr<SQLite::Database> connection;
};

// Makes the file (0600) and its folder where there is none, checks what is there and migrates it.
// Waits up to `patience` for other processes, now and at every later use. `size_max` in bytes, 0:
// no limit.
Result<WritableDatabase> OpenForWriting(const Path& file, Duration patience, uint64_t size_max);

// The file's name no longer leads to the open file: what is written would be lost.
bool HasMoved(SQLite::Database& database);

// Of a file that is open for writing.
Result<std::unique_ptr<SQLite::Database>> OpenForReading(const Path& file, Duration patience);

}  // namespace foxfire::server
