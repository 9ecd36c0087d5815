// An engine that follows a fault schedule.
#pragma once

#include <map>
#include <utility>

#include "tests/integration/http2/fault_schedule.h"
#include "tests/integration/http2/test_engine.h"

namespace foxfire::server::http2 {

// Each message of `whole` begins with the one of `parts`; Foxfire appends.
bool ExtendsAll(const std::vector<std::string>& whole, const std::vector<std::string>& parts);

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
  // Requests that arrived with other bytes than the schedule's, but for what is appended.
  size_t changed_requests();

 private:
  struct Progress {
    EngineStep step = EngineStep::kHeaders;
    bool has_read = false;
    bool is_parked = false;
    bool is_half = false;
    bool is_over = false;
  };

  const CallPlan& PlanOf(const EngineCall& call) const;
  void Heard(const EngineCall& call);
  void Advance(const EngineCall& call);
  void GoOn(const EngineCall& call, const CallPlan& plan, Progress& progress);
  // False: nothing more comes of the call.
  bool Act(const EngineCall& call, const CallPlan& plan, Progress& progress);

  const FaultSchedule& schedule_;
  // Confined to the engine's thread.
  std::map<std::pair<Http2Peer*, int32_t>, Progress> calls_;
  size_t changed_requests_ = 0;
  TestEngine engine_;  // last: its thread uses the above
};

}  // namespace foxfire::server::http2
