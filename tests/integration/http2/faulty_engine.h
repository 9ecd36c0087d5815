// An engine that follows a fault schedule.
#pragma once

#include <map>
#include <utility>

#include "tests/integration/http2/fault_schedule.h"
#include "tests/integration/http2/test_engine.h"

namespace foxfire::server::http2 {

// The header that says which call of the schedule a request is.
inline constexpr std::string_view kCallHeader = "x-call";

class FaultyEngine {
 public:
  // `schedule` must outlive this.
  explicit FaultyEngine(const FaultSchedule& schedule)
      : schedule_(schedule), engine_([this](const EngineCall& call) { Heard(call); }) {}

  TestEngine& engine() { return engine_; }
  // False if calls are still open at the deadline.
  bool AwaitNoCalls();

 private:
  struct Progress {
    EngineStep step = EngineStep::kHeaders;
    bool has_read = false;
    bool is_parked = false;
    bool is_half = false;
    bool is_over = false;
  };

  void Heard(const EngineCall& call);
  void Advance(const EngineCall& call);
  void GoOn(const EngineCall& call, const CallPlan& plan, Progress& progress);
  // False: nothing more comes of the call.
  bool Act(const EngineCall& call, const CallPlan& plan, Progress& progress);

  const FaultSchedule& schedule_;
  std::map<std::pair<Http2Peer*, int32_t>, Progress> calls_;  // confined to the engine's thread
  TestEngine engine_;                                         // last: its thread uses the above
};

}  // namespace foxfire::server::http2
