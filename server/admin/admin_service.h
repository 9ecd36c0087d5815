// The admin API on gRPC: who calls, which handler answers, how an error travels. What the calls do
// is in the handlers, one class a noun.
#pragma once

#include <grpcpp/server_context.h>

#include <string_view>

#include "auth/token_store.h"
#include "auth/token_verifier.h"
#include "common/clock.h"
#include "common/metrics.h"
#include "proto/admin.grpc.pb.h"
#include "server/admin/admin_authenticator.h"
#include "server/admin/connection_string.h"
#include "server/admin/engine_chooser.h"
#include "server/admin/engine_handlers.h"
#include "server/admin/engine_order_handlers.h"
#include "server/admin/event_handlers.h"
#include "server/admin/explain_handlers.h"
#include "server/admin/registration_handlers.h"
#include "server/admin/session_handlers.h"
#include "server/admin/token_handlers.h"

namespace foxfire::server {

// What the admin API works on; references are borrowed.
struct AdminParts {
  const auth::TokenVerifier& verifier;
  auth::TokenStore& tokens;
  EngineBroker& broker;
  SessionManager& sessions;
  EventStore& store;
  const Clock& clock;
  Metrics& metrics;
  const Published<EngineKeyOptions>& keys;
  discovery::EngineDirectory& directory;
  Secret sealing_key;    // ClusterSecret::SealingKey
  EngineGreeting greet;  // what registering an engine begins with
};

// What the gateway says of itself. A value type.
struct GatewayInfo {
  std::string version;
  GatewayId id;
  PublicAddress address;  // of Spark Connect, for connection strings
};

// Thread-safe. Calls block their thread while they read the disk or wait for an engine's end.
class AdminService final : public pb::Admin::Service {
 public:
  // `parts` must outlive this. `on_close`: see SessionHandlers.
  AdminService(const AdminParts& parts, GatewayInfo info, SessionHandlers::OnClose on_close);

  grpc::Status ServerInfo(grpc::ServerContext* context, const pb::ServerInfoRequest* request,
                          pb::ServerInfoResponse* response) override;
  grpc::Status ListLaunches(grpc::ServerContext* context, const pb::ListLaunchesRequest* request,
                            pb::ListLaunchesResponse* response) override;
  grpc::Status Explain(grpc::ServerContext* context, const pb::ExplainRequest* request,
                       pb::ExplainResponse* response) override;
  grpc::Status ListEngines(grpc::ServerContext* context, const pb::ListEnginesRequest* request,
                           pb::ListEnginesResponse* response) override;
  grpc::Status ShowEngine(grpc::ServerContext* context, const pb::ShowEngineRequest* request,
                          pb::ShowEngineResponse* response) override;
  grpc::Status KillEngine(grpc::ServerContext* context, const pb::KillEngineRequest* request,
                          pb::KillEngineResponse* response) override;
  grpc::Status StartEngine(grpc::ServerContext* context, const pb::StartEngineRequest* request,
                           pb::StartEngineResponse* response) override;
  grpc::Status DrainEngine(grpc::ServerContext* context, const pb::DrainEngineRequest* request,
                           pb::DrainEngineResponse* response) override;
  grpc::Status RegisterEngine(grpc::ServerContext* context,
                              const pb::RegisterEngineRequest* request,
                              pb::RegisterEngineResponse* response) override;
  grpc::Status UnregisterEngine(grpc::ServerContext* context,
                                const pb::UnregisterEngineRequest* request,
                                pb::UnregisterEngineResponse* response) override;
  grpc::Status EngineLogs(grpc::ServerContext* context, const pb::EngineLogsRequest* request,
                          grpc::ServerWriter<pb::EngineLogsChunk>* writer) override;
  grpc::Status ListSessions(grpc::ServerContext* context, const pb::ListSessionsRequest* request,
                            pb::ListSessionsResponse* response) override;
  grpc::Status CloseSession(grpc::ServerContext* context, const pb::CloseSessionRequest* request,
                            pb::CloseSessionResponse* response) override;
  grpc::Status CreateToken(grpc::ServerContext* context, const pb::CreateTokenRequest* request,
                           pb::CreateTokenResponse* response) override;
  grpc::Status ListTokens(grpc::ServerContext* context, const pb::ListTokensRequest* request,
                          pb::ListTokensResponse* response) override;
  grpc::Status RevokeToken(grpc::ServerContext* context, const pb::RevokeTokenRequest* request,
                           pb::RevokeTokenResponse* response) override;
  grpc::Status ListEvents(grpc::ServerContext* context, const pb::ListEventsRequest* request,
                          pb::ListEventsResponse* response) override;

 private:
  // Calls `handler` with the verified caller; its result becomes response and status.
  template <typename Response, typename Handler>
  grpc::Status Answer(std::string_view method, const grpc::ServerContext& context,
                      Response& response, const Handler& handler) const;

  const GatewayInfo info_;
  AdminAuthenticator authenticator_;
  const EngineChooser chooser_;
  EngineHandlers engines_;
  EngineOrderHandlers orders_;
  RegistrationHandlers registrations_;
  ExplainHandlers explain_;
  SessionHandlers sessions_;
  TokenHandlers tokens_;
  EventHandlers events_;
};

}  // namespace foxfire::server
