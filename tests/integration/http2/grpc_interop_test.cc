// gRPC C++ on both sides of the data plane.
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <thread>

#include "tests/integration/http2/data_plane_world.h"
#include "tests/integration/http2/grpc_client.h"
#include "tests/integration/http2/grpc_engine.h"

namespace foxfire::server::http2 {
namespace {

using namespace std::chrono_literals;

class GrpcInteropTest : public DataPlaneWorld {
 protected:
  void Serve(const std::map<std::string, int>& settings = {}) {
    engine_ = std::make_unique<GrpcEngine>(settings);
    StartPlane();
    Register(EngineId("engine"), Key("alice"), engine_->port());
    client_ = std::make_unique<GrpcClient>(port());
  }
  void TearDown() override {
    client_.reset();
    DataPlaneWorld::TearDown();
  }

  static std::string Expected(const std::string& request) {
    return request + IdentitySuffix(kSessionA, "alice");
  }
  static GrpcCall::Prepare With(const std::string& name, const std::string& value = "1") {
    return [name, value](grpc::ClientContext& context) { context.AddMetadata(name, value); };
  }
  GrpcOutcome Execute(const GrpcCall::Prepare& prepare = {}) {
    return client_->Call("ExecutePlan", request_, prepare);
  }

  // `stop` ends the taking of new calls, and returns when the last one has ended.
  void ExpectACallToOutlive(const std::function<void()>& stop) {
    const auto call = client_->Begin("AddArtifacts");
    ASSERT_TRUE(call->Write(request_));
    ASSERT_TRUE(call->Read());
    std::thread stopping(stop);
    EXPECT_TRUE(Eventually([this] { return !Execute().status.ok(); })) << "it takes no more calls";

    EXPECT_TRUE(call->Write(request_));
    EXPECT_EQ(call->Read(), Expected(request_));
    EXPECT_TRUE(call->WritesDone());
    EXPECT_TRUE(call->Finish().status.ok());
    stopping.join();
  }

  const std::string request_ = ExecuteRequest(kSessionA);
  std::unique_ptr<GrpcEngine> engine_;
  std::unique_ptr<GrpcClient> client_;
};

TEST_F(GrpcInteropTest, CallsGoThereAndBack) {
  Serve();
  for (const char* method : {"ExecutePlan", "Config", "AddArtifacts", "AnalyzePlan", "Future"}) {
    const GrpcOutcome outcome = client_->Call(method, request_);

    EXPECT_TRUE(outcome.status.ok()) << method << ": " << outcome.status.error_message();
    EXPECT_EQ(outcome.messages, std::vector<std::string>{Expected(request_)}) << method;
  }
}

TEST_F(GrpcInteropTest, EveryStatusComesBackWithItsMessageAndDetails) {
  Serve();
  const std::string message = "50 % of \"ä\u20ac\U0001F525\"\nare\ttabs";
  const std::string details("\x00\x01\xff binary", 10);
  for (const bool at_once : {false, true}) {
    for (int code = 1; code <= 16; ++code) {
      const GrpcOutcome outcome = Execute([&](grpc::ClientContext& context) {
        context.AddMetadata("x-code", std::to_string(code));
        context.AddMetadata("x-message-bin", message);
        context.AddMetadata("x-details-bin", details);
        if (at_once) context.AddMetadata("x-at-once", "1");
      });

      EXPECT_EQ(outcome.status.error_code(), code);
      EXPECT_EQ(outcome.status.error_message(), message);
      EXPECT_EQ(outcome.status.error_details(), details);
      EXPECT_EQ(outcome.messages.size(), at_once ? 0U : 1U);
    }
  }
}

// gRPC C++ writes grpc-timeout in the unit that fits.
TEST_F(GrpcInteropTest, WhatIsLeftOfADeadlineReachesTheEngine) {
  Serve();
  for (const std::chrono::milliseconds deadline :
       {std::chrono::milliseconds(20s), std::chrono::milliseconds(10min),
        std::chrono::milliseconds(50h), std::chrono::milliseconds(20000h)}) {
    const GrpcOutcome outcome = Execute([deadline](grpc::ClientContext& context) {
      context.set_deadline(std::chrono::system_clock::now() + deadline);
    });

    ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    const std::chrono::milliseconds left(std::stoll(outcome.trailers.find("x-left-ms")->second));
    EXPECT_LE(left, deadline + deadline / 100) << "rounded up by a hundredth at most";
    EXPECT_GE(left, deadline / 2);
  }
}

TEST_F(GrpcInteropTest, ADeadlineThatPassesEndsTheCallOnBothSides) {
  Serve();

  const GrpcOutcome outcome = Execute([](grpc::ClientContext& context) {
    context.AddMetadata("x-hang", "1");
    context.set_deadline(std::chrono::system_clock::now() + 100ms);
  });

  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(Eventually([this] { return engine_->cancelled() == 1; }));
}

TEST_F(GrpcInteropTest, ACancellationReachesTheEngine) {
  Serve();
  const auto call = client_->Begin("ExecutePlan", With("x-hang"));
  ASSERT_TRUE(call->Write(request_));
  ASSERT_TRUE(call->Read());

  call->context().TryCancel();

  EXPECT_EQ(call->Finish().status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Eventually([this] { return engine_->cancelled() == 1; }));
}

TEST_F(GrpcInteropTest, MessagesGoBothWaysForAsLongAsTheCallLasts) {
  Serve();
  const auto call = client_->Begin("AddArtifacts");
  for (int i = 0; i < 300; ++i) {
    const std::string request = ExecuteRequest(kSessionA, std::string(i * 10, 'p'));
    ASSERT_TRUE(call->Write(request));
    ASSERT_EQ(call->Read(), Expected(request)) << i;
  }
  ASSERT_TRUE(call->WritesDone());

  EXPECT_EQ(call->Read(), std::nullopt);
  EXPECT_TRUE(call->Finish().status.ok());
}

TEST_F(GrpcInteropTest, ALargeMessageGoesThereAndBack) {
  Serve();
  const std::string request = ExecuteRequest(kSessionA, std::string(32 << 20, 'p'));

  const GrpcOutcome outcome = client_->Call("ExecutePlan", request);

  ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  ASSERT_EQ(outcome.messages.size(), 1U);
  EXPECT_TRUE(outcome.messages[0] == Expected(request));
}

TEST_F(GrpcInteropTest, SixtyKibibytesOfMetadataGoThereAndBack) {
  options_.header_bytes = 128 << 10;
  Serve({{GRPC_ARG_MAX_METADATA_SIZE, 256 << 10}});

  const GrpcOutcome outcome = Execute([](grpc::ClientContext& context) {
    for (int i = 0; i < 60; ++i) {
      context.AddMetadata("x-back-" + std::to_string(i), std::string(1000, 'm'));
    }
    context.AddMetadata("x-back-60-bin", std::string("\x00\xff", 2));
  });

  ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(std::count_if(outcome.trailers.begin(), outcome.trailers.end(),
                          [](const auto& field) { return field.second.size() == 1000; }),
            60);
  EXPECT_EQ(outcome.trailers.find("x-back-60-bin")->second, std::string("\x00\xff", 2));
}

TEST_F(GrpcInteropTest, ACompressedRequestIsRefusedWithWords) {
  Serve();

  const GrpcOutcome outcome = client_->Call(
      "ExecutePlan", ExecuteRequest(kSessionA, std::string(10'000, 'p')),
      [](grpc::ClientContext& context) { context.set_compression_algorithm(GRPC_COMPRESS_GZIP); });

  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_TRUE(Contains(outcome.status.error_message(), "compression"));
}

TEST_F(GrpcInteropTest, ACompressedAnswerIsPassedOn) {
  Serve();
  const std::string request = ExecuteRequest(kSessionA, std::string(10'000, 'p'));

  const GrpcOutcome outcome = client_->Call("ExecutePlan", request, With("x-compress"));

  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(outcome.messages, std::vector<std::string>{Expected(request)});
}

TEST_F(GrpcInteropTest, CallsWaitForAnEngineThatTakesFewStreams) {
  Serve({{GRPC_ARG_MAX_CONCURRENT_STREAMS, 1}});
  std::vector<std::future<GrpcOutcome>> outcomes;
  for (int i = 0; i < 20; ++i) {
    outcomes.push_back(std::async(std::launch::async, [this] { return Execute(); }));
  }

  for (auto& outcome : outcomes) {
    const grpc::Status status = outcome.get().status;
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
}

TEST_F(GrpcInteropTest, CallsOutliveTheConnectionsThatAnEngineGivesUp) {
  Serve({{GRPC_ARG_MAX_CONNECTION_AGE_MS, 50}});
  const auto long_one = client_->Begin("AddArtifacts");
  while (engine_->connections() < 5) {
    ASSERT_TRUE(long_one->Write(request_));
    ASSERT_EQ(long_one->Read(), Expected(request_));
    const grpc::Status status = Execute().status;
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  ASSERT_TRUE(long_one->WritesDone());
  EXPECT_TRUE(long_one->Finish().status.ok());
}

TEST_F(GrpcInteropTest, WhatRunsOnAnEngineThatStopsEndsWell) {
  Serve();
  ExpectACallToOutlive([this] { engine_->GoAway(); });
}

TEST_F(GrpcInteropTest, AGatewayThatDrainsLetsTheClientFinish) {
  Serve();
  ExpectACallToOutlive([this] { plane_->Drain(20s); });
}

}  // namespace
}  // namespace foxfire::server::http2
