#include "server/store/event_chain.h"

#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

#include <optional>
#include <string>

#include "common/units.h"
#include "server/store/event_row.h"
#include "server/store/sqlite_error.h"
#include "server/store/statement.h"

namespace foxfire::server {
namespace {

// With its length in front, so that no two different events look the same.
void Add(std::string& text, std::string_view field) {
  text += std::to_string(field.size());
  text += ':';
  text += field;
}

ChainEnd EndOf(SQLite::Statement& query) {
  return {query.getColumn(0).getInt64(), DigestOf(query.getColumn(1))};
}

ChainEnd ReadChainStart(SQLite::Database& database) {
  SQLite::Statement query(database, "SELECT seq, hash FROM chain_start");
  return query.executeStep() ? EndOf(query) : ChainEnd{};
}

struct Walk {
  ChainEnd end;
  std::optional<int64_t> misfit;
};

Walk WalkChain(SQLite::Database& database) {
  SQLite::Transaction snapshot(database);  // chain_start and events of the same moment
  Walk walk;
  walk.end = ReadChainStart(database);
  SQLite::Statement query(database,
                          fmt::format("SELECT {}, hash FROM events ORDER BY seq", kEventColumns));
  while (query.executeStep()) {
    const EventRecord event = EventOf(query);
    const Sha256Digest hash = EventHash(walk.end.hash, walk.end.seq + 1, event);
    if (event.seq != walk.end.seq + 1 || hash != DigestOf(query.getColumn(kEventColumnCount))) {
      walk.misfit = event.seq;
      break;
    }
    walk.end = {event.seq, hash};
  }
  return walk;
}

}  // namespace

Sha256Digest EventHash(const Sha256Digest& previous, int64_t seq, const EventRecord& event) {
  std::string text(previous.begin(), previous.end());
  Add(text, std::to_string(seq));
  Add(text, std::to_string(ToUnixMillis(event.time)));
  for (const std::string* field : {&event.type, &event.user, &event.session_id, &event.engine_id,
                                   &event.operation_id, &event.address, &event.detail})
    Add(text, *field);
  return Sha256(text);
}

ChainEnd ReadChainEnd(SQLite::Database& database) {
  SQLite::Statement query(database, "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1");
  return query.executeStep() ? EndOf(query) : ReadChainStart(database);
}

Result<ChainEnd> VerifyEventChain(SQLite::Database& database, const Path& file) {
  ASSIGN_OR_RETURN(const Walk walk, CatchSqlite("reading events", file,
                                                [&database] { return WalkChain(database); }));
  if (walk.misfit)
    return MakeError(Code::kDataLoss,
                     fmt::format("store {}: event {} does not fit the one before it ({}): events "
                                 "were changed or removed by hand",
                                 file.string(), *walk.misfit, walk.end.seq));
  return walk.end;
}

}  // namespace foxfire::server
