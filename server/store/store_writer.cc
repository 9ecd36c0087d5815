#include "server/store/store_writer.h"

#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

#include <utility>

#include "server/store/event_chain.h"
#include "server/store/event_row.h"
#include "server/store/sqlite_error.h"
#include "server/store/statement.h"

namespace foxfire::server {
namespace {

constexpr const char* kSaveSession = R"(
INSERT OR REPLACE INTO sessions (user, session_id, engine_id, engine_key, state, created_at_ms,
                                 last_activity_at_ms, operations, client, end_reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";

constexpr const char* kSaveEngine = R"(
INSERT OR REPLACE INTO engines (engine_id, key, owner, state, endpoint, pid, application_id,
                                spark_version, started_at_ms, ended_at_ms, end_reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";

constexpr const char* kSaveOperation = R"(
INSERT OR REPLACE INTO operations (user, session_id, operation_id, engine_id, started_at_ms,
                                   ended_at_ms, status, address)
VALUES (?, ?, ?, ?, ?, ?, ?, ?))";

std::string InsertEvent() {
  return fmt::format("INSERT INTO events ({}, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                     kEventColumns);
}

}  // namespace

Result<std::unique_ptr<StoreWriter>> StoreWriter::Create(const Path& file,
                                                         WritableDatabase database) {
  return CatchSqlite("opening", file, [&file, &database] {
    return std::unique_ptr<StoreWriter>(new StoreWriter(file, std::move(database)));
  });
}

StoreWriter::StoreWriter(Path file, WritableDatabase database)
    : file_(std::move(file)),
      database_(std::move(database)),
      insert_event_(*database_.connection, InsertEvent()),
      save_session_(*database_.connection, kSaveSession),
      save_engine_(*database_.connection, kSaveEngine),
      save_operation_(*database_.connection, kSaveOperation) {}

Result<void> StoreWriter::Write(const WriteBatch& batch) {
  if (HasMoved(*database_.connection))
    return MakeError(Code::kFailedPrecondition,
                     fmt::format("store {}: it was moved or removed while foxfired uses it: put it "
                                 "back, or restart foxfired",
                                 file_.string()));
  return CatchSqlite("writing", file_, [this, &batch] {
    SQLite::Transaction transaction(*database_.connection, SQLite::TransactionBehavior::IMMEDIATE);
    WriteEvents(batch.events);
    for (const auto& [key, session] : batch.sessions) WriteSession(session);
    for (const auto& [key, engine] : batch.engines) WriteEngine(engine);
    for (const auto& [key, operation] : batch.operations) WriteOperation(operation);
    transaction.commit();
  });
}

Result<int64_t> StoreWriter::DeleteOld(const Retention& retention) {
  return CatchSqlite("deleting what is old", file_, [this, &retention] {
    return server::DeleteOld(*database_.connection, retention);
  });
}

void StoreWriter::WriteEvents(const std::vector<EventRecord>& events) {
  if (events.empty()) return;
  // Read from the database each time, so that a transaction that failed leaves no gap.
  ChainEnd end = ReadChainEnd(*database_.connection);
  for (const EventRecord& event : events) {
    end.hash = EventHash(end.hash, ++end.seq, event);
    Execute(insert_event_, end.seq, event.time, event.type, event.user, event.session_id,
            event.engine_id, event.operation_id, event.address, event.detail, end.hash);
  }
}

void StoreWriter::WriteSession(const SessionRecord& session) {
  Execute(save_session_, session.user, session.session_id, session.engine_id, session.engine_key,
          session.state, session.created_at, session.last_activity_at, session.operations,
          session.client, session.end_reason);
}

void StoreWriter::WriteEngine(const EngineRow& engine) {
  Execute(save_engine_, engine.engine_id, engine.key, engine.owner, engine.state, engine.endpoint,
          engine.pid, engine.application_id, engine.spark_version, engine.started_at,
          engine.ended_at, engine.end_reason);
}

void StoreWriter::WriteOperation(const OperationRow& operation) {
  Execute(save_operation_, operation.user, operation.session_id, operation.operation_id,
          operation.engine_id, operation.started_at, operation.ended_at, int64_t{operation.status},
          operation.address);
}

}  // namespace foxfire::server
