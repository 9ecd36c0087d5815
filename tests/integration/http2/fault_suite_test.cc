// Random faults on both sides of random calls: every call ends in time with a code that clients
// know what to do with, and nothing of it stays behind.
//
// FOXFIRE_FAULT_SEED runs the schedules from that seed on, FOXFIRE_FAULT_SCHEDULES so many of them.
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <set>

#include "tests/integration/http2/data_plane_world.h"
#include "tests/integration/http2/faulty_engine.h"
#include "tests/support/captured_log.h"

namespace foxfire::server::http2 {
namespace {

#ifdef FOXFIRE_SANITIZED
constexpr uint64_t kSchedules = 100;
#else
constexpr uint64_t kSchedules = 1000;
#endif

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::stoull(value);
}

// gRPC's reading of a reset stream (the gRPC HTTP/2 protocol, "Errors").
Code CodeOf(const CallOutcome& outcome) {
  if (outcome.code == Code::kUnknown && outcome.closed == NGHTTP2_REFUSED_STREAM) {
    return Code::kUnavailable;
  }
  return outcome.code;
}

bool IsPrefix(const std::vector<std::string>& part, const std::vector<std::string>& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

class FaultSuiteTest : public DataPlaneWorld {
 protected:
  // Thousands of lines about faults that were meant would hide the one that matters.
  void TearDown() override {
    DataPlaneWorld::TearDown();
    if (!HasFailure()) return;
    constexpr size_t kShown = size_t{8} << 10U;
    const std::string text = log_.Text();
    std::cout << "the end of foxfired's log:\n"
              << text.substr(text.size() - std::min(text.size(), kShown)) << "\n";
  }

  // One schedule from its first call to its last trace.
  void Run(const FaultSchedule& schedule) {
    const std::string user = fmt::format("user-{}", schedule.seed);
    const EngineId id(fmt::format("engine-{}", schedule.seed));
    FaultyEngine faulty(schedule);
    Register(id, Key(user), faulty.engine().port());
    {
      std::vector<std::unique_ptr<TestClient>> clients;
      for (size_t i = 0; i < schedule.connections; ++i) {
        clients.push_back(std::make_unique<TestClient>(port()));
      }
      std::vector<int32_t> streams;
      for (size_t i = 0; i < schedule.calls.size(); ++i) {
        const CallPlan& plan = schedule.calls[i];
        streams.push_back(Begin(*clients[plan.connection], plan, i, user));
      }
      Drive(schedule, clients, streams);
      Judge(schedule, clients, streams);
    }
    EXPECT_TRUE(Eventually([this] {
      return Metric("foxfire_calls_open") == 0 && Metric("foxfire_http2_held_bytes") == 0;
    })) << "calls leaked";
    EXPECT_TRUE(faulty.AwaitNoCalls()) << "the engine still has calls";
    EXPECT_EQ(faulty.changed_requests(), 0U);
    directory_.DropEngine(id);
    for (const EngineId& rescuer : rescuers_) directory_.DropEngine(rescuer);
    rescuers_.clear();
    left_.clear();
    cancelled_.clear();
  }

  std::map<std::string, int> counts_;

 private:
  using Clients = std::vector<std::unique_ptr<TestClient>>;

  static int32_t Begin(TestClient& client, const CallPlan& plan, size_t number,
                       const std::string& user) {
    const int32_t id = client.Begin(std::string(plan.method),
                                    {{std::string(kCallHeader), std::to_string(number)},
                                     {"grpc-timeout", fmt::format("{}m", plan.timeout_ms)}},
                                    "token-of-" + user);
    for (size_t i = 0; i < plan.requests_sent; ++i) {
      client.peer().Send(id, GrpcMessage(plan.requests[i]));
    }
    if (plan.client_fault == ClientFault::kStopsSending) {
      const std::string next = GrpcMessage(plan.requests[plan.requests_sent]);
      client.peer().Send(id, next.substr(0, next.size() / 2));
    } else {
      client.peer().End(id);
    }
    return id;
  }

  // Until every call has ended or been given up by its client.
  void Drive(const FaultSchedule& schedule, Clients& clients, const std::vector<int32_t>& streams) {
    const auto deadline = std::chrono::steady_clock::now() + kTestPatience;
    for (;;) {
      bool is_open = false;
      std::vector<pollfd> waiting;
      for (const auto& client : clients) client->peer().Turn();
      for (size_t i = 0; i < streams.size(); ++i) {
        const CallPlan& plan = schedule.calls[i];
        TestClient& client = *clients[plan.connection];
        if (client.peer().closed() || client.stream(streams[i]).closed) continue;
        if (!GiveUp(i, plan, client, streams[i])) is_open = true;
      }
      if (!is_open || std::chrono::steady_clock::now() > deadline) return;
      for (const auto& client : clients) {
        if (client->peer().closed()) continue;
        waiting.push_back({client->peer().fd(), client->peer().Events(), 0});
      }
      poll(waiting.data(), waiting.size(), 5);
      Rescue();
    }
  }

  // True if the client has hung up.
  bool GiveUp(size_t number, const CallPlan& plan, TestClient& client, int32_t stream) {
    if (plan.client_fault != ClientFault::kCancels && plan.client_fault != ClientFault::kHangsUp) {
      return false;
    }
    if (GrpcMessages(client.stream(stream).body).size() < plan.client_waits_for) return false;
    if (plan.client_fault == ClientFault::kCancels) {
      client.peer().Reset(stream, NGHTTP2_CANCEL);
      cancelled_.insert(number);
      return false;
    }
    client.peer().Close();
    left_.insert(plan.connection);
    return true;
  }

  // Each launch ends well.
  void Rescue() {
    const auto launches = launcher_.launches();
    for (; rescued_ < launches.size(); ++rescued_) {
      Register(launches[rescued_].id, launches[rescued_].key, rescuer_.port());
      rescuers_.push_back(launches[rescued_].id);
    }
  }

  void Judge(const FaultSchedule& schedule, const Clients& clients,
             const std::vector<int32_t>& streams) {
    for (size_t i = 0; i < streams.size(); ++i) {
      const CallPlan& plan = schedule.calls[i];
      TestClient& client = *clients[plan.connection];
      SCOPED_TRACE(fmt::format("call {}", i));
      if (client.peer().closed()) {
        EXPECT_EQ(left_.count(plan.connection), 1U) << "foxfired closed the connection";
        ++counts_["left by its client"];
        continue;
      }
      ASSERT_TRUE(client.stream(streams[i]).closed) << "it has not ended";
      // An answer that crosses its cancellation is not looked at; the stream's end behind it is.
      const uint32_t closed = *client.stream(streams[i]).closed;
      if (cancelled_.count(i) == 1 && client.OutcomeOf(streams[i]).code == Code::kUnknown &&
          (closed == NGHTTP2_CANCEL || closed == NGHTTP2_NO_ERROR)) {
        ++counts_["cancelled by its client"];
        continue;
      }
      JudgeCall(plan, client.OutcomeOf(streams[i]));
      if (!schedule.HasSharedFault()) JudgeUndisturbed(plan, client.OutcomeOf(streams[i]));
    }
  }

  // No other call's fault can have hit it.
  static void JudgeUndisturbed(const CallPlan& plan, const CallOutcome& outcome) {
    if (plan.client_fault != ClientFault::kNone || plan.timeout_ms < 1000) return;
    if (plan.engine_fault == EngineFault::kNone || plan.engine_fault == EngineFault::kGoAway) {
      EXPECT_EQ(CodeOf(outcome), Code::kOk) << outcome.message;
    }
    if (plan.engine_fault == EngineFault::kFails) {
      EXPECT_EQ(CodeOf(outcome), Code::kInvalidArgument) << outcome.message;
    }
  }

  void JudgeCall(const CallPlan& plan, const CallOutcome& outcome) {
    const Code code = CodeOf(outcome);
    ++counts_[std::string(CodeName(code))];
    const std::string text = outcome.message;
    const bool is_first = ValueOf(outcome.headers, "x-engine") == "first";
    EXPECT_TRUE(!is_first || IsPrefix(outcome.messages, plan.answers)) << "messages changed";
    switch (code) {
      case Code::kOk:
        if (is_first) {
          EXPECT_EQ(outcome.messages.size(), plan.answers.size()) << "OK, and a part is missing";
        } else {
          EXPECT_TRUE(ExtendsAll(outcome.messages, plan.requests)) << "the echo of another request";
        }
        EXPECT_NE(plan.client_fault, ClientFault::kStopsSending);
        return;
      case Code::kInvalidArgument:
        EXPECT_EQ(plan.engine_fault, EngineFault::kFails) << text;
        return;
      case Code::kDeadlineExceeded:
        EXPECT_TRUE(plan.MayNeedDeadline() || plan.timeout_ms < 1000) << text;
        return;
      case Code::kCancelled:
      case Code::kNotFound:
      case Code::kPermissionDenied:
      case Code::kResourceExhausted:
      case Code::kInternal:
      case Code::kUnavailable:
        return;
      default:
        ADD_FAILURE() << "code " << CodeName(code) << " " << text << ", closed with "
                      << outcome.closed;
    }
  }

  CapturedLog log_{"info"};
  TestEngine rescuer_;
  std::vector<EngineId> rescuers_;
  std::set<size_t> left_;       // connections that a client has hung up
  std::set<size_t> cancelled_;  // calls
  size_t rescued_ = 0;
};

TEST_F(FaultSuiteTest, EveryCallEndsAndLeavesNothingBehind) {
  StartPlane();
  const uint64_t seed = FromEnvironment("FOXFIRE_FAULT_SEED", std::random_device()());
  const uint64_t count = FromEnvironment("FOXFIRE_FAULT_SCHEDULES", kSchedules);
  std::cout << "FOXFIRE_FAULT_SEED=" << seed << ", " << count << " schedules\n";

  for (uint64_t i = 0; i < count; ++i) {
    const FaultSchedule schedule = FaultSchedule::Make(seed + i);
    SCOPED_TRACE(schedule.Describe());
    ASSERT_NO_FATAL_FAILURE(Run(schedule));
    if (HasFailure()) break;
  }
  for (const auto& [what, times] : counts_) std::cout << what << ": " << times << "\n";
}

}  // namespace
}  // namespace foxfire::server::http2
