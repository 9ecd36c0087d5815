// What is left to do at the end of a loop's turn, over all of its connections.
#pragma once

#include <vector>

#include "server/http2/event_loop.h"

namespace foxfire::server::http2 {

class Connection;

// Owns connections from when they are dead until the turn ends: their callbacks may be on the
// stack. Confined to one loop.
class Turn final : public TurnHandler {
 public:
  Turn() = default;
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn();

  // It has something to write.
  void MarkDirty(Connection& connection);
  // It may have something to read.
  void MarkReadable(Connection& connection);
  // It is dead: delete it when nobody is using it any more.
  void Bury(Connection& connection);

  bool EndTurn() override;

 private:
  std::vector<Connection*> dirty_;
  std::vector<Connection*> readable_;
  std::vector<Connection*> reading_;
  std::vector<Connection*> graveyard_;
};

}  // namespace foxfire::server::http2
