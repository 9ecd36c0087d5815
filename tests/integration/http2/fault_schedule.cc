#include "tests/integration/http2/fault_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tests/integration/http2/test_client.h"

namespace foxfire::server::http2 {
namespace {

constexpr std::array<std::string_view, 9> kEngineFaults = {
    "none",  "dies", "hangs up", "resets", "sends garbage", "goes away", "refuses the rest",
    "hangs", "fails"};
constexpr std::array<std::string_view, 6> kEngineSteps = {
    "headers", "request read", "answered", "first message", "half a message", "trailers"};
constexpr std::array<std::string_view, 4> kClientFaults = {"none", "cancels", "hangs up",
                                                           "stops sending"};
constexpr std::array<std::string_view, 8> kMethods = {
    "ExecutePlan",     "AnalyzePlan",    "Config",         "AddArtifacts",
    "ReattachExecute", "ReleaseExecute", "ReleaseSession", "FutureStream"};
// NO_ERROR to HTTP_1_1_REQUIRED: RFC 9113 section 7, and one that nobody has given a meaning.
constexpr uint64_t kResetCodes = 15;

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  template <typename Enum, size_t kSize>
  Enum Pick(const std::array<std::string_view, kSize>&) {
    return static_cast<Enum>(Below(kSize));
  }
  // Mostly small; sometimes larger than a stream's window.
  size_t Size() {
    switch (Below(12)) {
      case 0:
        return Below(3U << 20);
      case 1:
        return Below(300U << 10);
      case 2:
        return 0;
      default:
        return Below(3000);
    }
  }

 private:
  std::mt19937_64 random_;
};

std::string Session(uint64_t seed, uint64_t number) {
  return fmt::format("{:08x}-{:04x}-4000-8000-{:012x}", seed & 0xffffffffU, number, seed >> 32U);
}

std::string Request(const CallPlan& plan, size_t payload) {
  const uint32_t operation =
      TraitsOf(std::string(kServicePath) + std::string(plan.method)).operation_id_field;
  WireMessage message;
  message.Bytes(1, plan.session).User("mallory").Bytes(15, std::string(payload, 'p'));
  if (operation != 0) message.Bytes(operation, kOperation);
  return message.str();
}

size_t BytesOf(const std::vector<std::string>& messages) {
  size_t bytes = 0;
  for (const std::string& message : messages) bytes += message.size();
  return bytes;
}

CallPlan MakeCall(Dice& dice, uint64_t seed, size_t connections) {
  CallPlan plan;
  plan.method = kMethods[dice.Below(kMethods.size())];
  plan.session = Session(seed, dice.Below(2));
  plan.connection = dice.Below(connections);
  const size_t requests = plan.method == "AddArtifacts" ? 1 + dice.Below(4) : 1;
  for (size_t i = 0; i < requests; ++i) {
    plan.requests.push_back(Request(plan, dice.Size()));
  }
  plan.requests_sent = requests;
  const bool is_stream = plan.method == "ExecutePlan" || plan.method == "FutureStream" ||
                         plan.method == "ReattachExecute";
  const size_t answers = is_stream ? dice.Below(5) : 1;
  for (size_t i = 0; i < answers; ++i) {
    plan.answers.emplace_back(dice.Size(), static_cast<char>('a' + i));
  }
  if (!dice.OneIn(4)) plan.engine_fault = dice.Pick<EngineFault>(kEngineFaults);
  plan.engine_step = dice.Pick<EngineStep>(kEngineSteps);
  if (plan.engine_fault == EngineFault::kFails && plan.engine_step == EngineStep::kHalfMessage) {
    plan.engine_step = EngineStep::kTrailers;  // half a message and a status: no engine does that
  }
  plan.reset_code = static_cast<uint32_t>(dice.Below(kResetCodes));
  if (dice.OneIn(4)) plan.client_fault = dice.Pick<ClientFault>(kClientFaults);
  plan.client_waits_for = dice.Below(answers + 1);
  if (plan.client_fault == ClientFault::kStopsSending) plan.requests_sent = dice.Below(requests);
  plan.timeout_ms = plan.MayNeedDeadline() ? static_cast<int>(5 + dice.Below(50)) : 60'000;
  if (!plan.MayNeedDeadline() && dice.OneIn(8)) plan.timeout_ms = static_cast<int>(dice.Below(30));
  return plan;
}

}  // namespace

bool FaultSchedule::HasSharedFault() const {
  return std::any_of(calls.begin(), calls.end(), [](const CallPlan& call) {
    return call.engine_fault == EngineFault::kDies || call.engine_fault == EngineFault::kHangsUp ||
           call.engine_fault == EngineFault::kGarbage ||
           call.engine_fault == EngineFault::kRefusesRest;
  });
}

FaultSchedule FaultSchedule::Make(uint64_t seed) {
  Dice dice(seed);
  FaultSchedule schedule;
  schedule.seed = seed;
  schedule.connections = 1 + dice.Below(2);
  const size_t calls = 1 + dice.Below(5);
  for (size_t i = 0; i < calls; ++i) {
    schedule.calls.push_back(MakeCall(dice, seed, schedule.connections));
  }
  return schedule;
}

std::string FaultSchedule::Describe() const {
  std::string text = fmt::format("seed {}, {} connections\n", seed, connections);
  for (size_t i = 0; i < calls.size(); ++i) {
    const CallPlan& call = calls[i];
    text += fmt::format(
        "call {}: {} of {} on connection {}, {} of {} messages ({} bytes), {} answers ({} bytes), "
        "{} ms; engine {} at {} "
        "(code {}); client {} after {} answers\n",
        i, call.method, call.session, call.connection, call.requests_sent, call.requests.size(),
        BytesOf(call.requests), call.answers.size(), BytesOf(call.answers), call.timeout_ms,
        kEngineFaults.at(size_t(call.engine_fault)), kEngineSteps.at(size_t(call.engine_step)),
        call.reset_code, kClientFaults.at(size_t(call.client_fault)), call.client_waits_for);
  }
  return text;
}

}  // namespace foxfire::server::http2
