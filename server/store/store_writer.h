// The statements that write.
#pragma once

#include <SQLiteCpp/Statement.h>

#include <memory>

#include "common/files.h"
#include "common/result.h"
#include "server/store/retention.h"
#include "server/store/store_database.h"
#include "server/store/write_batch.h"

namespace foxfire::server {

// Confined to one thread.
class StoreWriter {
 public:
  static Result<std::unique_ptr<StoreWriter>> Create(const Path& file, WritableDatabase database);

  // All of it, or nothing and an error.
  Result<void> Write(const WriteBatch& batch);

  // How many rows were deleted.
  Result<int64_t> DeleteOld(const Retention& retention);

 private:
  // Throws, as do the private methods: see CatchSqlite.
  StoreWriter(Path file, WritableDatabase database);

  void WriteEvents(const std::vector<EventRecord>& events);
  void WriteSession(const SessionRecord& session);
  void WriteEngine(const EngineRow& engine);
  void WriteOperation(const OperationRow& operation);

  const Path file_;
  WritableDatabase database_;
  SQLite::Statement insert_event_;
  SQLite::Statement save_session_;
  SQLite::Statement save_engine_;
  SQLite::Statement save_operation_;
};

}  // namespace foxfire::server
