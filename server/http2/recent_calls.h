// The calls of a loop that came not long ago.
#pragma once

#include <cstdint>
#include <vector>

#include "server/http2/event_loop.h"

namespace foxfire::server::http2 {

class CallTable;

// Most calls are short, so what only a longer one needs (a timer, a line in the event log) is done
// when it has lasted: each is looked at once, a moment to two moments after it came, if it is still
// there. Confined to one loop.
class RecentCalls {
 public:
  static constexpr Duration kMoment = std::chrono::milliseconds(50);

  // Both must outlive this; it must outlive the loop's last turn.
  RecentCalls(EventLoop& loop, const CallTable& calls) : loop_(loop), calls_(calls) {}

  // `call`: its id.
  void Add(uint64_t call);

 private:
  void LookLater();
  void Look();

  EventLoop& loop_;
  const CallTable& calls_;
  std::vector<uint64_t> since_last_look_;
  std::vector<uint64_t> before_;
  bool will_look_ = false;
};

}  // namespace foxfire::server::http2
