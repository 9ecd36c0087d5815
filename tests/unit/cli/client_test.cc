// The whole program against a scripted admin service on a loopback port.
#include "cli/client.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/app.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_certificate.h"
#include "tests/unit/cli/samples.h"

namespace foxfire::cli {
namespace {

// Answers with samples, or with `status`; keeps what it was asked.
class ScriptedAdmin final : public pb::Admin::Service {
 public:
  grpc::Status ListEngines(grpc::ServerContext* context, const pb::ListEnginesRequest* request,
                           pb::ListEnginesResponse* response) override {
    const auto found = context->client_metadata().find("authorization");
    if (found != context->client_metadata().end()) {
      authorization = std::string(found->second.data(), found->second.size());
    }
    user = request->user();
    *response = SampleEngines();
    return status;
  }
  grpc::Status ShowEngine(grpc::ServerContext*, const pb::ShowEngineRequest* request,
                          pb::ShowEngineResponse* response) override {
    id = request->engine_id();
    *response->mutable_engine() = SampleEngines().engines(0);
    return status;
  }
  grpc::Status KillEngine(grpc::ServerContext* context, const pb::KillEngineRequest* request,
                          pb::KillEngineResponse* response) override {
    kill = *request;
    time_left = context->deadline() - std::chrono::system_clock::now();
    *response = SampleKilledEngine();
    return status;
  }
  grpc::Status EngineLogs(grpc::ServerContext*, const pb::EngineLogsRequest* request,
                          grpc::ServerWriter<pb::EngineLogsChunk>* writer) override {
    lines = request->lines();
    for (const char* text : {"first line\nsecond ", "line"}) {
      pb::EngineLogsChunk chunk;
      chunk.set_text(text);
      writer->Write(chunk);
    }
    return status;
  }
  grpc::Status ListSessions(grpc::ServerContext*, const pb::ListSessionsRequest* request,
                            pb::ListSessionsResponse* response) override {
    sessions = *request;
    *response = SampleSessions();
    return status;
  }
  grpc::Status CloseSession(grpc::ServerContext*, const pb::CloseSessionRequest* request,
                            pb::CloseSessionResponse* response) override {
    id = request->session_id();
    user = request->user();
    *response->mutable_session() = SampleSessions().sessions(0);
    return status;
  }
  grpc::Status CreateToken(grpc::ServerContext*, const pb::CreateTokenRequest* request,
                           pb::CreateTokenResponse* response) override {
    token = *request;
    *response = SampleCreatedToken();
    return status;
  }
  grpc::Status ListTokens(grpc::ServerContext*, const pb::ListTokensRequest*,
                          pb::ListTokensResponse* response) override {
    *response = SampleTokens();
    return status;
  }
  grpc::Status RevokeToken(grpc::ServerContext*, const pb::RevokeTokenRequest* request,
                           pb::RevokeTokenResponse* response) override {
    id = request->token_id();
    *response->mutable_token() = SampleTokens().tokens(1);
    return status;
  }
  grpc::Status ListEvents(grpc::ServerContext*, const pb::ListEventsRequest* request,
                          pb::ListEventsResponse* response) override {
    events = *request;
    *response = SampleEvents();
    return status;
  }

  grpc::Status status;
  std::string authorization;
  std::string user;
  std::string id;
  uint32_t lines = 0;
  Duration time_left{};
  pb::KillEngineRequest kill;
  pb::ListSessionsRequest sessions;
  pb::CreateTokenRequest token;
  pb::ListEventsRequest events;
};

class ClientTest : public testing::Test {
 protected:
  ClientTest() { Serve(grpc::InsecureServerCredentials()); }
  ~ClientTest() override { server_->Shutdown(); }

  void Serve(const std::shared_ptr<grpc::ServerCredentials>& credentials) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", credentials, &port_);
    builder.RegisterService(&admin_);
    server_ = builder.BuildAndStart();
  }

  ExitCode RunWith(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    const std::string server = "127.0.0.1:" + std::to_string(port_);
    const World world{out_, err_, std::nullopt, FromUnixMillis(kNoon),
                      [&](const char* name) -> std::optional<std::string> {
                        if (std::string_view(name) == "FOXFIRE_SERVER") return server;
                        if (std::string_view(name) == "FOXFIRE_TOKEN") return "a-token";
                        return std::nullopt;
                      }};
    return cli::Run(std::move(arguments), world);
  }

  ScriptedAdmin admin_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ClientTest, SendsTheTokenWithACall) {
  EXPECT_EQ(RunWith({"engine", "list", "--user", "alice"}), ExitCode::kDone) << err_.str();

  EXPECT_EQ(admin_.authorization, "Bearer a-token");
  EXPECT_EQ(admin_.user, "alice");
  EXPECT_NE(out_.str().find("user:alice:default:default"), std::string::npos);
}

TEST_F(ClientTest, ListsAsJson) {
  for (const char* noun : {"engine", "session", "token", "event"}) {
    EXPECT_EQ(RunWith({noun, "list", "--output", "json"}), ExitCode::kDone) << err_.str();
    const auto json = OrderedJson::parse(out_.str(), nullptr, false);
    ASSERT_TRUE(json.is_array()) << noun;
    EXPECT_EQ(json.size(), 2U) << noun;
  }
}

TEST_F(ClientTest, ShowsAnEngine) {
  EXPECT_EQ(RunWith({"engine", "show", "3f2b8c1e"}), ExitCode::kDone) << err_.str();
  EXPECT_EQ(admin_.id, "3f2b8c1e");
  EXPECT_NE(out_.str().find("application:"), std::string::npos);

  EXPECT_EQ(RunWith({"engine", "show", "3f2b8c1e", "--output", "json"}), ExitCode::kDone);
  EXPECT_TRUE(OrderedJson::parse(out_.str(), nullptr, false).is_object());
}

TEST_F(ClientTest, GivesAKillTimeForItsGrace) {
  EXPECT_EQ(RunWith({"engine", "kill", "3f2b8c1e", "--grace", "5m", "--reason", "too big",
                     "--timeout", "20s"}),
            ExitCode::kDone)
      << err_.str();

  EXPECT_EQ(admin_.kill.engine_id(), "3f2b8c1e");
  EXPECT_EQ(admin_.kill.grace_ms(), 300'000);
  EXPECT_EQ(admin_.kill.reason(), "too big");
  EXPECT_GT(admin_.time_left, std::chrono::minutes(5));
  EXPECT_LT(admin_.time_left, std::chrono::minutes(7));
  EXPECT_NE(out_.str().find("2 sessions and 1 open call\n"), std::string::npos) << out_.str();
}

TEST_F(ClientTest, PutsTheChunksOfALogTogether) {
  EXPECT_EQ(RunWith({"engine", "logs", "3f2b8c1e", "--lines", "7"}), ExitCode::kDone);

  EXPECT_EQ(out_.str(), "first line\nsecond line\n");
  EXPECT_EQ(admin_.lines, 7U);
}

TEST_F(ClientTest, AsksForTheSessionsThatAreMeant) {
  EXPECT_EQ(RunWith({"session", "list"}), ExitCode::kDone);
  EXPECT_EQ(admin_.sessions.state(), "");
  EXPECT_FALSE(admin_.sessions.include_ended());

  EXPECT_EQ(RunWith({"session", "list", "--state", "lost"}), ExitCode::kDone);
  EXPECT_EQ(admin_.sessions.state(), "lost");

  EXPECT_EQ(RunWith({"session", "list", "--all"}), ExitCode::kDone);
  EXPECT_TRUE(admin_.sessions.include_ended());
}

TEST_F(ClientTest, ClosesASession) {
  EXPECT_EQ(RunWith({"session", "close", "00112233", "--user", "alice"}), ExitCode::kDone);

  EXPECT_EQ(admin_.id, "00112233");
  EXPECT_EQ(admin_.user, "alice");
  EXPECT_EQ(out_.str(), "closed session 00112233-4455-6677-8899-aabbccddeeff of alice\n");
}

TEST_F(ClientTest, CreatesATokenAsAsked) {
  EXPECT_EQ(RunWith({"token", "create", "--user", "alice", "--group", "etl", "--group", "bi",
                     "--role", "admin", "--ttl", "30d", "--output", "json"}),
            ExitCode::kDone)
      << err_.str();

  EXPECT_EQ(admin_.token.user(), "alice");
  EXPECT_EQ(admin_.token.groups_size(), 2);
  EXPECT_EQ(admin_.token.roles(0), "admin");
  EXPECT_EQ(admin_.token.ttl_ms(), 30LL * 86'400'000);
  EXPECT_EQ(OrderedJson::parse(out_.str(), nullptr, false)["token"], "not-a-real-token");
}

TEST_F(ClientTest, MakesTokensThatDoNotExpireIfNothingIsSaid) {
  EXPECT_EQ(RunWith({"token", "create", "--user", "alice"}), ExitCode::kDone);

  EXPECT_FALSE(admin_.token.has_ttl_ms());
  EXPECT_EQ(out_.str().rfind("sc://", 0), 0U);
}

TEST_F(ClientTest, RevokesAToken) {
  EXPECT_EQ(RunWith({"token", "revoke", "a1b2c3d4"}), ExitCode::kDone);

  EXPECT_EQ(admin_.id, "a1b2c3d4");
  EXPECT_EQ(out_.str(), "revoked token a1b2c3d4-0000-4000-8000-000000000004 of alice\n");
}

TEST_F(ClientTest, AsksForEventsSinceADurationOrATime) {
  EXPECT_EQ(RunWith({"event", "list", "--since", "1h", "--user", "alice", "--type",
                     "session_opened", "--session", "s", "--engine", "e", "--limit", "5"}),
            ExitCode::kDone);
  EXPECT_EQ(admin_.events.since_ms(), kNoon - 3'600'000);
  EXPECT_EQ(admin_.events.user(), "alice");
  EXPECT_EQ(admin_.events.type(), "session_opened");
  EXPECT_EQ(admin_.events.session_id(), "s");
  EXPECT_EQ(admin_.events.engine_id(), "e");
  EXPECT_EQ(admin_.events.limit(), 5U);

  EXPECT_EQ(RunWith({"event", "list", "--since", "2026-11-21T12:00:00Z"}), ExitCode::kDone);
  EXPECT_EQ(admin_.events.since_ms(), kNoon);
}

TEST_F(ClientTest, SpeaksTlsToAServerThatItTrusts) {
  const TempFolder folder;
  const TestCertificate made = MakeTestCertificate();
  const Path ca_file = folder.Write("ca.pem", made.certificate);
  grpc::SslServerCredentialsOptions ssl;
  ssl.pem_key_cert_pairs.push_back({made.key, made.certificate});
  Serve(grpc::SslServerCredentials(ssl));

  EXPECT_EQ(RunWith({"engine", "list", "--ca-file", ca_file.string()}), ExitCode::kDone)
      << err_.str();
  EXPECT_EQ(admin_.authorization, "Bearer a-token");

  admin_.authorization.clear();
  const Path other_file = folder.Write("other.pem", MakeTestCertificate().certificate);
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{}, {"--tls"}, {"--ca-file", other_file.string()}}) {
    std::vector<std::string> arguments = {"engine", "list", "--timeout", "10s"};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    EXPECT_EQ(RunWith(arguments), ExitCode::kFailed);
    EXPECT_NE(err_.str().find("--tls"), std::string::npos) << err_.str();
  }
  EXPECT_EQ(admin_.authorization, "");
}

TEST_F(ClientTest, EndsWithTheCodeOfTheError) {
  const std::vector<std::pair<grpc::StatusCode, ExitCode>> cases = {
      {grpc::UNAUTHENTICATED, ExitCode::kNotAllowed},
      {grpc::PERMISSION_DENIED, ExitCode::kNotAllowed},
      {grpc::NOT_FOUND, ExitCode::kNotFound},
      {grpc::INVALID_ARGUMENT, ExitCode::kWrongUsage},
      {grpc::FAILED_PRECONDITION, ExitCode::kFailed},
      {grpc::DEADLINE_EXCEEDED, ExitCode::kFailed},
      {grpc::UNIMPLEMENTED, ExitCode::kFailed},
      {grpc::INTERNAL, ExitCode::kFailed}};
  for (const auto& [code, exit_code] : cases) {
    admin_.status = grpc::Status(code, "no\nway");

    EXPECT_EQ(RunWith({"engine", "list"}), exit_code) << code;
    EXPECT_EQ(out_.str(), "");
    EXPECT_EQ(err_.str().rfind("foxfire: ", 0), 0U) << err_.str();
    EXPECT_EQ(err_.str().find('\n'), err_.str().size() - 1) << err_.str();
    EXPECT_EQ(err_.str().find("a-token"), std::string::npos);

    EXPECT_EQ(RunWith({"engine", "logs", "12345678"}), exit_code) << code;
  }
}

}  // namespace
}  // namespace foxfire::cli
