// The queries, on a connection of their own that cannot write.
#pragma once

#include <SQLiteCpp/Database.h>

#include <memory>
#include <vector>

#include "common/files.h"
#include "common/mutex.h"
#include "common/result.h"
#include "server/store/event_chain.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// One query at a time; they do not wait for the writer, nor it for them (WAL). Thread-safe.
class StoreReader {
 public:
  StoreReader(Path file, std::unique_ptr<SQLite::Database> connection);

  Result<std::vector<EventRecord>> ListEvents(const EventFilter& filter) EXCLUDES(mutex_);
  Result<std::vector<SessionRecord>> ListSessions(const SessionFilter& filter) EXCLUDES(mutex_);
  Result<std::vector<SessionStart>> ListSessionStarts(const std::vector<TimeWindow>& windows)
      EXCLUDES(mutex_);
  Result<std::vector<EngineRow>> ListEngines(size_t limit) EXCLUDES(mutex_);
  Result<ChainEnd> VerifyEventChain() EXCLUDES(mutex_);

 private:
  const Path file_;
  // Held while a query runs: that is its purpose.
  Mutex mutex_;
  std::unique_ptr<SQLite::Database> connection_ GUARDED_BY(mutex_);
};

}  // namespace foxfire::server
