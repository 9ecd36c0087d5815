#include "tests/integration/http2/faulty_engine.h"

#include <algorithm>

namespace foxfire::server::http2 {

bool ExtendsAll(const std::vector<std::string>& whole, const std::vector<std::string>& parts) {
  return std::equal(whole.begin(), whole.end(), parts.begin(), parts.end(),
                    [](const std::string& a, const std::string& b) { return a.starts_with(b); });
}

size_t FaultyEngine::changed_requests() {
  size_t changed = 0;
  engine_.Do([this, &changed](const TestEngine::Calls&) { changed = changed_requests_; });
  return changed;
}

const CallPlan& FaultyEngine::PlanOf(const EngineCall& call) const {
  return schedule_.calls.at(std::stoul(ValueOf(call.stream().headers, kCallHeader)));
}

bool FaultyEngine::AwaitNoCalls() {
  return engine_.Await([](const TestEngine::Calls& calls) {
    return std::all_of(calls.begin(), calls.end(), [](const EngineCall& call) {
      return call.peer->closed() || call.stream().closed.has_value();
    });
  });
}

void FaultyEngine::Heard(const EngineCall& call) {
  const auto [found, is_new] = calls_.try_emplace({call.peer, call.id});
  Progress& progress = found->second;
  if (call.stream().closed) progress.is_over = true;
  if (is_new) engine_.Post([this, call] { Advance(call); });
  if (call.stream().ended && !progress.has_read) {
    progress.has_read = true;
    if (!ExtendsAll(call.messages(), PlanOf(call).requests)) ++changed_requests_;
    if (std::exchange(progress.is_parked, false)) engine_.Post([this, call] { Advance(call); });
  }
}

// One step a turn, so that what came before is on the wire.
void FaultyEngine::Advance(const EngineCall& call) {
  Progress& progress = calls_.at({call.peer, call.id});
  const CallPlan& plan = PlanOf(call);
  if (progress.is_over || call.peer->closed()) return;
  if (progress.step == plan.engine_step && !Act(call, plan, progress)) {
    progress.is_over = true;
    return;
  }
  if (progress.step == EngineStep::kHeaders) {
    progress.step = EngineStep::kRequestRead;
    progress.is_parked = !progress.has_read;  // Heard() goes on when the request has ended
    if (progress.is_parked) return;
  } else {
    GoOn(call, plan, progress);
  }
  if (!progress.is_over) engine_.Post([this, call] { Advance(call); });
}

void FaultyEngine::GoOn(const EngineCall& call, const CallPlan& plan, Progress& progress) {
  switch (progress.step) {
    case EngineStep::kHeaders:
    case EngineStep::kRequestRead:
      call.Respond({{"x-engine", "first"}});
      progress.step = EngineStep::kAnswered;
      return;
    case EngineStep::kAnswered:
      if (!plan.answers.empty()) call.Send(plan.answers[0]);
      progress.step = EngineStep::kFirstMessage;
      return;
    case EngineStep::kFirstMessage:
      progress.step = EngineStep::kHalfMessage;
      if (plan.answers.size() > 1) {
        const std::string message = GrpcMessage(plan.answers[1]);
        call.peer->Send(call.id, message.substr(0, message.size() / 2));
        progress.is_half = true;
      }
      return;
    case EngineStep::kHalfMessage:
      if (progress.is_half) {
        const std::string message = GrpcMessage(plan.answers[1]);
        call.peer->Send(call.id, message.substr(message.size() / 2));
        for (size_t i = 2; i < plan.answers.size(); ++i) call.Send(plan.answers[i]);
      }
      progress.step = EngineStep::kTrailers;
      return;
    case EngineStep::kTrailers:
      call.End();
      progress.is_over = true;
      return;
  }
}

bool FaultyEngine::Act(const EngineCall& call, const CallPlan& plan, Progress& progress) {
  switch (plan.engine_fault) {
    case EngineFault::kNone:
      return true;
    case EngineFault::kDies:
      engine_.DieNow();
      return false;
    case EngineFault::kHangsUp:
      engine_.HangUpNow();
      return false;
    case EngineFault::kResets:
      call.peer->Reset(call.id, plan.reset_code);
      return false;
    case EngineFault::kGarbage:
      call.peer->SendRaw(std::string(1000, '\xa7'));
      return false;
    case EngineFault::kGoAway:
      call.peer->GoAway();
      return true;
    case EngineFault::kRefusesRest:
      call.peer->GoAway(0, NGHTTP2_NO_ERROR);
      return false;
    case EngineFault::kHangs:
      return false;
    case EngineFault::kFails:
      if (progress.step <= EngineStep::kRequestRead) {
        call.peer->Respond(call.id,
                           {{":status", "200"},
                            {"content-type", "application/grpc"},
                            {"x-engine", "first"},
                            {"grpc-status", "3"}},
                           true);
      } else {
        call.End({{"grpc-status", "3"}});
      }
      return false;
  }
  return true;
}

}  // namespace foxfire::server::http2
