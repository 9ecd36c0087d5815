// The real admin server and the generated client on a loopback port.
#include "server/admin/admin_server.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "auth/sealed_secret.h"
#include "server/store/event_types.h"
#include "tests/support/test_certificate.h"
#include "tests/unit/server/admin/admin_world.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest()
      : admin_token_(world_.AddToken("root", {auth::kAdminRole})),
        alice_token_(world_.AddToken("alice")) {
    world_.AddEngine(kAliceEngine, AdminWorld::UserKey("alice"));
    world_.AddEngine(kBobEngine, AdminWorld::UserKey("bob"));
  }

  Result<std::unique_ptr<AdminServer>> Start(const AdminServerOptions& options) {
    const AdminParts parts = {*world_.tokens,
                              *world_.tokens,
                              world_.broker,
                              world_.sessions,
                              world_.store,
                              world_.clock,
                              world_.metrics,
                              keys_,
                              world_.directory,
                              auth::SealingKey("a cluster secret"),
                              [](const auto&...) { return Result<void>(); }};
    return AdminServer::Start(options, parts,
                              {"0.1.0", GatewayId("gateway-1"), {"gateway", 15002, false}},
                              [this](const SessionPtr& session) { closed_.push_back(session); });
  }

  void StartPlaintext() {
    auto server = Start({"127.0.0.1:0", "", ""});
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
    Connect(grpc::InsecureChannelCredentials());
  }

  void Connect(const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    stub_ = pb::Admin::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()), credentials));
  }

  struct Context : grpc::ClientContext {
    explicit Context(const std::string& authorization) {
      set_deadline(std::chrono::system_clock::now() + 30s);
      if (!authorization.empty()) AddMetadata("authorization", authorization);
    }
  };

  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (pb::Admin::StubInterface::*method)(grpc::ClientContext*,
                                                                     const Request&, Response*),
                    const std::string& token, const Request& request, Response& response) {
    Context context(token.empty() ? "" : "Bearer " + token);
    return (stub_.get()->*method)(&context, request, &response);
  }

  grpc::Status ListWith(const std::string& authorization, pb::ListEnginesResponse* engines) {
    Context context(authorization);
    return stub_->ListEngines(&context, {}, engines);
  }

  const Published<EngineKeyOptions> keys_{std::make_shared<EngineKeyOptions>()};
  AdminWorld world_;
  const std::string admin_token_;
  const std::string alice_token_;
  std::vector<SessionPtr> closed_;
  std::unique_ptr<AdminServer> server_;
  std::unique_ptr<pb::Admin::StubInterface> stub_;
};

TEST_F(AdminServerTest, AnswersWhoeverHasAToken) {
  StartPlaintext();
  pb::ListEnginesResponse engines;

  const grpc::Status status = ListWith("Bearer " + alice_token_, &engines);

  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(engines.engines_size(), 1);
  EXPECT_EQ(engines.engines(0).engine_id(), kAliceEngine);
}

TEST_F(AdminServerTest, RefusesEverybodyElseInTheSameWords) {
  StartPlaintext();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "missing"},
      {"Bearer ff_wrong", "unknown"},
      {"Basic YWxpY2U6YWxpY2U=", "malformed"},
      {"Bearer ", "missing"},
      {"Bearer two words", "malformed"}};
  for (const auto& [authorization, reason] : cases) {
    pb::ListEnginesResponse engines;

    const grpc::Status status = ListWith(authorization, &engines);

    EXPECT_EQ(status.error_code(), grpc::UNAUTHENTICATED) << authorization;
    EXPECT_EQ(status.error_message(), auth::kRefusalMessage) << authorization;
    const EventRecord event = world_.LastEvent(event::kAuthRefused);
    EXPECT_EQ(event.address.rfind("127.0.0.1:", 0), 0U) << event.address;
    EXPECT_EQ(event.detail.find("ff_wrong"), std::string::npos);
  }
  EXPECT_EQ(world_.LastEvent(event::kAuthRefused).detail.rfind("malformed", 0), 0U);
}

TEST_F(AdminServerTest, RefusesARevokedTokenFromThenOn) {
  StartPlaintext();
  pb::ListTokensResponse tokens;
  ASSERT_TRUE(Call(&pb::Admin::StubInterface::ListTokens, alice_token_, {}, tokens).ok());
  ASSERT_EQ(tokens.tokens_size(), 1);
  pb::RevokeTokenRequest request;
  request.set_token_id(tokens.tokens(0).token_id());
  pb::RevokeTokenResponse revoked;
  ASSERT_TRUE(Call(&pb::Admin::StubInterface::RevokeToken, alice_token_, request, revoked).ok());

  pb::ListEnginesResponse engines;
  const grpc::Status status = ListWith("Bearer " + alice_token_, &engines);

  EXPECT_EQ(status.error_code(), grpc::UNAUTHENTICATED);
  EXPECT_EQ(status.error_message(), auth::kRefusalMessage);
}

TEST_F(AdminServerTest, RefusesTwoTokensAtOnce) {
  StartPlaintext();
  Context context("Bearer " + alice_token_);
  context.AddMetadata("authorization", "Bearer " + admin_token_);
  pb::ListEnginesResponse engines;

  EXPECT_EQ(stub_->ListEngines(&context, {}, &engines).error_code(), grpc::UNAUTHENTICATED);
}

TEST_F(AdminServerTest, SaysWhoItIs) {
  StartPlaintext();
  pb::ServerInfoResponse info;

  ASSERT_TRUE(Call(&pb::Admin::StubInterface::ServerInfo, alice_token_, {}, info).ok());

  EXPECT_EQ(info.version(), "0.1.0");
  EXPECT_EQ(info.gateway_id(), "gateway-1");
  EXPECT_EQ(info.public_host(), "gateway");
  EXPECT_EQ(info.spark_connect_port(), 15002U);
  EXPECT_FALSE(info.tls());
}

TEST_F(AdminServerTest, CarriesErrorsOfHandlers) {
  StartPlaintext();
  pb::ShowEngineRequest request;
  pb::ShowEngineResponse response;

  request.set_engine_id(kBobEngine);
  EXPECT_EQ(
      Call(&pb::Admin::StubInterface::ShowEngine, alice_token_, request, response).error_code(),
      grpc::PERMISSION_DENIED);
  request.set_engine_id("ffffffff");
  EXPECT_EQ(
      Call(&pb::Admin::StubInterface::ShowEngine, alice_token_, request, response).error_code(),
      grpc::NOT_FOUND);
  request.set_engine_id("");
  EXPECT_EQ(
      Call(&pb::Admin::StubInterface::ShowEngine, alice_token_, request, response).error_code(),
      grpc::INVALID_ARGUMENT);
}

TEST_F(AdminServerTest, KillsAnEngineAndAnswersWhenItHasEnded) {
  StartPlaintext();
  pb::KillEngineRequest request;
  request.set_engine_id(kAliceEngine);
  pb::KillEngineResponse response;
  auto status = std::async(std::launch::async, [&] {
    return Call(&pb::Admin::StubInterface::KillEngine, admin_token_, request, response);
  });
  // The engine does as it is told once it sees its control node.
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!world_.directory.Control(EngineId(kAliceEngine)) &&
         std::chrono::steady_clock::now() < deadline) {
    world_.Settle();
  }
  world_.launcher.End(EngineId(kAliceEngine), "exit status 0");

  ASSERT_TRUE(status.get().ok());
  EXPECT_EQ(response.engine_id(), kAliceEngine);
  EXPECT_FALSE(response.forced());
}

TEST_F(AdminServerTest, StreamsLogsOfAnySizeAndAnyBytes) {
  StartPlaintext();
  std::string log(3'000'000, 'x');
  log += "\xFF\n";
  world_.launcher.SetLog(EngineId(kAliceEngine), log);
  pb::EngineLogsRequest request;
  request.set_engine_id(kAliceEngine);
  Context context("Bearer " + alice_token_);

  const auto reader = stub_->EngineLogs(&context, request);
  std::string text;
  pb::EngineLogsChunk chunk;
  while (reader->Read(&chunk)) text += chunk.text();

  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_TRUE(text == log) << text.size();
}

TEST_F(AdminServerTest, StreamsNoLogsToOthers) {
  StartPlaintext();
  pb::EngineLogsRequest request;
  request.set_engine_id(kBobEngine);
  Context context("Bearer " + alice_token_);

  const auto reader = stub_->EngineLogs(&context, request);
  pb::EngineLogsChunk chunk;

  EXPECT_FALSE(reader->Read(&chunk));
  EXPECT_EQ(reader->Finish().error_code(), grpc::PERMISSION_DENIED);
}

TEST_F(AdminServerTest, ListsAndClosesSessions) {
  StartPlaintext();
  world_.AddSession("alice", kAliceSession, kAliceEngine);
  pb::ListSessionsResponse sessions;
  ASSERT_TRUE(Call(&pb::Admin::StubInterface::ListSessions, alice_token_, {}, sessions).ok());
  ASSERT_EQ(sessions.sessions_size(), 1);
  pb::CloseSessionRequest request;
  request.set_session_id(sessions.sessions(0).session_id());
  pb::CloseSessionResponse closed;

  ASSERT_TRUE(Call(&pb::Admin::StubInterface::CloseSession, alice_token_, request, closed).ok());

  EXPECT_EQ(closed.session().state(), "closed");
  EXPECT_EQ(closed_.size(), 1U);
}

TEST_F(AdminServerTest, MakesTokensForAdministrators) {
  StartPlaintext();
  pb::CreateTokenRequest request;
  request.set_user("carol");
  pb::CreateTokenResponse created;

  EXPECT_EQ(
      Call(&pb::Admin::StubInterface::CreateToken, alice_token_, request, created).error_code(),
      grpc::PERMISSION_DENIED);
  ASSERT_TRUE(Call(&pb::Admin::StubInterface::CreateToken, admin_token_, request, created).ok());
  EXPECT_EQ(created.connection_string(), "sc://gateway:15002/;token=" + created.token());

  pb::ListEventsRequest events_request;
  events_request.set_type(event::kTokenCreated);
  pb::ListEventsResponse events;
  ASSERT_TRUE(
      Call(&pb::Admin::StubInterface::ListEvents, admin_token_, events_request, events).ok());
  ASSERT_EQ(events.events_size(), 1);
  EXPECT_EQ(events.events(0).user(), "root");
}

TEST_F(AdminServerTest, NamesTheKeyIfItsPortIsTaken) {
  StartPlaintext();

  const auto second = Start({"127.0.0.1:" + std::to_string(server_->port()), "", ""});

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kFailedPrecondition);
  EXPECT_NE(second.error().message.find("admin.listen"), std::string::npos);
  EXPECT_NE(second.error().message.find("Address already in use"), std::string::npos)
      << second.error().message;
}

TEST_F(AdminServerTest, NamesTheKeyIfItsAddressIsNotThisMachines) {
  const auto server = Start({"192.0.2.1:15003", "", ""});

  ASSERT_FALSE(server);
  EXPECT_NE(server.error().message.find("admin.listen"), std::string::npos);
  EXPECT_NE(server.error().message.find("192.0.2.1:15003"), std::string::npos);
}

TEST_F(AdminServerTest, SpeaksTls) {
  const TempFolder folder;
  const TestCertificate made = MakeTestCertificate();
  auto server = Start({"127.0.0.1:0", folder.Write("certificate.pem", made.certificate),
                       folder.Write("key.pem", made.key, 0600)});
  ASSERT_TRUE(server) << server.error().message;
  server_ = *std::move(server);
  grpc::SslCredentialsOptions trust;
  trust.pem_root_certs = made.certificate;
  Connect(grpc::SslCredentials(trust));
  pb::ListEnginesResponse engines;

  const grpc::Status status = ListWith("Bearer " + admin_token_, &engines);

  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(engines.engines_size(), 2);
}

TEST_F(AdminServerTest, NamesTheFileOfACertificateThatIsNone) {
  const TempFolder folder;
  const TestCertificate made = MakeTestCertificate();
  const Path certificate = folder.Write("certificate.pem", made.certificate);
  const Path key = folder.Write("key.pem", made.key, 0600);
  const Path broken = folder.Write("broken.pem", "no PEM at all");
  const Path of_another = folder.Write("another.pem", MakeTestCertificate().key, 0600);

  const std::vector<std::tuple<Path, Path, std::string>> cases = {
      {folder / "none.pem", key, "tls.certificate"},
      {certificate, folder / "none.pem", "tls.key"},
      {broken, key, "broken.pem"},
      {certificate, broken, "broken.pem"},
      {certificate, of_another, "another.pem"}};
  for (const auto& [certificate_path, key_path, named] : cases) {
    const auto server = Start({"127.0.0.1:0", certificate_path, key_path});

    ASSERT_FALSE(server) << named;
    EXPECT_NE(server.error().message.find(named), std::string::npos) << server.error().message;
  }
}

TEST_F(AdminServerTest, CancelsWhatStillRunsAtTheEndOfTheGrace) {
  StartPlaintext();
  pb::KillEngineRequest request;
  request.set_engine_id(kAliceEngine);
  pb::KillEngineResponse response;
  auto status = std::async(std::launch::async, [&] {
    return Call(&pb::Admin::StubInterface::KillEngine, admin_token_, request, response);
  });
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!world_.directory.Control(EngineId(kAliceEngine)) &&
         std::chrono::steady_clock::now() < deadline) {
    world_.Settle();
  }

  server_->Shutdown(50ms);
  server_->Shutdown(50ms);  // again: nothing

  EXPECT_FALSE(status.get().ok());
}

}  // namespace
}  // namespace foxfire::server
