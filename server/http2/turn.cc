#include "server/http2/turn.h"

#include "server/http2/connection.h"

namespace foxfire::server::http2 {

Turn::~Turn() {
  for (Connection* connection : graveyard_) delete connection;
}

void Turn::MarkDirty(Connection& connection) { dirty_.push_back(&connection); }

void Turn::MarkReadable(Connection& connection) { readable_.push_back(&connection); }

void Turn::Bury(Connection& connection) { graveyard_.push_back(&connection); }

bool Turn::EndTurn() {
  reading_.swap(readable_);
  for (Connection* connection : reading_) connection->ReadTurn();
  reading_.clear();
  // By index: flushing one connection may give another one something to say.
  for (size_t i = 0; i < dirty_.size(); ++i) dirty_[i]->FlushTurn();
  dirty_.clear();
  if (!graveyard_.empty()) {
    std::vector<Connection*> dead;
    dead.swap(graveyard_);
    for (Connection* connection : dead) {
      std::erase(readable_, connection);
      std::erase(dirty_, connection);
      delete connection;
    }
  }
  return !readable_.empty() || !dirty_.empty();
}

}  // namespace foxfire::server::http2
