// Each event's hash covers the event before it: an event that was changed, removed or slipped in
// later does not fit. It does not prove that nobody who can write the file has made the whole chain
// anew, nor that none is missing at the end; for that, keep a copy of the last hash elsewhere.
#pragma once

#include <SQLiteCpp/Database.h>

#include <cstdint>

#include "common/digest.h"
#include "common/files.h"
#include "common/result.h"
#include "server/store/event_store.h"

namespace foxfire::server {

// Of an event with the number `seq` after one whose hash is `previous`.
Sha256Digest EventHash(const Sha256Digest& previous, int64_t seq, const EventRecord& event);

// The event that the next one follows. A value type.
struct ChainEnd {
  int64_t seq = 0;
  Sha256Digest hash{};
};

// Throws SQLite::Exception: see CatchSqlite.
ChainEnd ReadChainEnd(SQLite::Database& database);

// Reads every event. DATA_LOSS names the first one that does not fit.
Result<ChainEnd> VerifyEventChain(SQLite::Database& database, const Path& file);

}  // namespace foxfire::server
