#include "server/admin/admin_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "common/log.h"
#include "server/admin/grpc_status.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;

constexpr size_t kLogChunkBytes = 64 << 10;
// For callers without a deadline, and above the longest grace of a kill.
constexpr Duration kLongestCall = 2h;

CallLimits LimitsOf(const grpc::ServerContext& context) {
  // Compared before they are subtracted: no deadline is the largest time there is.
  const auto now = std::chrono::system_clock::now();
  const auto latest = now + kLongestCall;
  const Duration left =
      std::min<std::chrono::system_clock::time_point>(context.deadline(), latest) - now;
  return {std::chrono::steady_clock::now() + left, [&context] { return context.IsCancelled(); }};
}

}  // namespace

AdminService::AdminService(const AdminParts& parts, GatewayInfo info,
                           SessionHandlers::OnClose on_close)
    : info_(std::move(info)),
      authenticator_(parts.verifier, parts.store, parts.clock, parts.metrics),
      chooser_(parts.keys, parts.tokens),
      engines_(parts.broker, parts.directory, parts.sessions, parts.store, parts.clock),
      orders_(chooser_, parts.broker, parts.sessions, parts.clock),
      registrations_({parts.keys, parts.directory, parts.sessions, parts.store, parts.clock},
                     parts.sealing_key, parts.greet),
      explain_(chooser_, parts.broker),
      sessions_(parts.sessions, parts.store, std::move(on_close)),
      tokens_(parts.tokens, parts.store, parts.clock, info_.address),
      events_(parts.store) {}

template <typename Response, typename Handler>
grpc::Status AdminService::Answer(std::string_view method, const grpc::ServerContext& context,
                                  Response& response, const Handler& handler) const {
  try {
    const Result<Caller> caller = authenticator_.Authenticate(context);
    if (!caller) return ToGrpcStatus(caller.error());
    Result<Response> result = handler(*caller);
    Log("admin").debug("{} user={} address={} code={}", method, caller->user(), caller->address,
                       CodeName(result ? Code::kOk : result.error().code));
    if (!result) return ToGrpcStatus(result.error());
    response = *std::move(result);
    return grpc::Status::OK;
  } catch (const std::exception& failure) {
    Log("admin").error("{} failed: {}", method, failure.what());
  } catch (...) {
    Log("admin").error("{} failed", method);
  }
  return {grpc::INTERNAL, fmt::format("{} failed; the gateway's log says why", method)};
}

grpc::Status AdminService::ServerInfo(grpc::ServerContext* context, const pb::ServerInfoRequest*,
                                      pb::ServerInfoResponse* response) {
  return Answer("ServerInfo", *context, *response,
                [&](const Caller&) -> Result<pb::ServerInfoResponse> {
                  pb::ServerInfoResponse info;
                  info.set_version(info_.version);
                  info.set_gateway_id(info_.id.str());
                  info.set_public_host(info_.address.host);
                  info.set_spark_connect_port(info_.address.port);
                  info.set_tls(info_.address.tls);
                  return info;
                });
}

grpc::Status AdminService::ListEngines(grpc::ServerContext* context,
                                       const pb::ListEnginesRequest* request,
                                       pb::ListEnginesResponse* response) {
  return Answer("ListEngines", *context, *response, [&](const Caller& caller) {
    return engines_.List(caller, *request, LimitsOf(*context));
  });
}

grpc::Status AdminService::ListLaunches(grpc::ServerContext* context,
                                        const pb::ListLaunchesRequest* request,
                                        pb::ListLaunchesResponse* response) {
  return Answer("ListLaunches", *context, *response, [&](const Caller& caller) {
    return engines_.Launches(caller, *request, LimitsOf(*context));
  });
}

grpc::Status AdminService::Explain(grpc::ServerContext* context, const pb::ExplainRequest* request,
                                   pb::ExplainResponse* response) {
  return Answer("Explain", *context, *response, [&](const Caller& caller) {
    return explain_.Explain(caller, *request, LimitsOf(*context));
  });
}

grpc::Status AdminService::ShowEngine(grpc::ServerContext* context,
                                      const pb::ShowEngineRequest* request,
                                      pb::ShowEngineResponse* response) {
  return Answer("ShowEngine", *context, *response,
                [&](const Caller& caller) { return engines_.Show(caller, *request); });
}

grpc::Status AdminService::KillEngine(grpc::ServerContext* context,
                                      const pb::KillEngineRequest* request,
                                      pb::KillEngineResponse* response) {
  return Answer("KillEngine", *context, *response, [&](const Caller& caller) {
    return engines_.Kill(caller, *request, LimitsOf(*context));
  });
}

grpc::Status AdminService::StartEngine(grpc::ServerContext* context,
                                       const pb::StartEngineRequest* request,
                                       pb::StartEngineResponse* response) {
  return Answer("StartEngine", *context, *response, [&](const Caller& caller) {
    return orders_.Start(caller, *request, LimitsOf(*context));
  });
}

grpc::Status AdminService::DrainEngine(grpc::ServerContext* context,
                                       const pb::DrainEngineRequest* request,
                                       pb::DrainEngineResponse* response) {
  return Answer("DrainEngine", *context, *response, [&](const Caller& caller) {
    return orders_.Drain(caller, *request, LimitsOf(*context));
  });
}

grpc::Status AdminService::RegisterEngine(grpc::ServerContext* context,
                                          const pb::RegisterEngineRequest* request,
                                          pb::RegisterEngineResponse* response) {
  return Answer("RegisterEngine", *context, *response, [&](const Caller& caller) {
    return registrations_.Register(caller, *request, LimitsOf(*context));
  });
}

grpc::Status AdminService::UnregisterEngine(grpc::ServerContext* context,
                                            const pb::UnregisterEngineRequest* request,
                                            pb::UnregisterEngineResponse* response) {
  return Answer("UnregisterEngine", *context, *response, [&](const Caller& caller) {
    return registrations_.Unregister(caller, *request, LimitsOf(*context));
  });
}

grpc::Status AdminService::EngineLogs(grpc::ServerContext* context,
                                      const pb::EngineLogsRequest* request,
                                      grpc::ServerWriter<pb::EngineLogsChunk>* writer) {
  std::string text;
  grpc::Status status = Answer("EngineLogs", *context, text, [&](const Caller& caller) {
    return engines_.Logs(caller, *request);
  });
  for (size_t from = 0; status.ok() && from < text.size(); from += kLogChunkBytes) {
    pb::EngineLogsChunk chunk;
    chunk.set_text(text.substr(from, kLogChunkBytes));
    if (!writer->Write(chunk)) return {grpc::CANCELLED, "the caller has left"};
  }
  return status;
}

grpc::Status AdminService::ListSessions(grpc::ServerContext* context,
                                        const pb::ListSessionsRequest* request,
                                        pb::ListSessionsResponse* response) {
  return Answer("ListSessions", *context, *response,
                [&](const Caller& caller) { return sessions_.List(caller, *request); });
}

grpc::Status AdminService::CloseSession(grpc::ServerContext* context,
                                        const pb::CloseSessionRequest* request,
                                        pb::CloseSessionResponse* response) {
  return Answer("CloseSession", *context, *response,
                [&](const Caller& caller) { return sessions_.Close(caller, *request); });
}

grpc::Status AdminService::CreateToken(grpc::ServerContext* context,
                                       const pb::CreateTokenRequest* request,
                                       pb::CreateTokenResponse* response) {
  return Answer("CreateToken", *context, *response,
                [&](const Caller& caller) { return tokens_.Create(caller, *request); });
}

grpc::Status AdminService::ListTokens(grpc::ServerContext* context,
                                      const pb::ListTokensRequest* request,
                                      pb::ListTokensResponse* response) {
  return Answer("ListTokens", *context, *response,
                [&](const Caller& caller) { return tokens_.List(caller, *request); });
}

grpc::Status AdminService::RevokeToken(grpc::ServerContext* context,
                                       const pb::RevokeTokenRequest* request,
                                       pb::RevokeTokenResponse* response) {
  return Answer("RevokeToken", *context, *response,
                [&](const Caller& caller) { return tokens_.Revoke(caller, *request); });
}

grpc::Status AdminService::ListEvents(grpc::ServerContext* context,
                                      const pb::ListEventsRequest* request,
                                      pb::ListEventsResponse* response) {
  return Answer("ListEvents", *context, *response,
                [&](const Caller& caller) { return events_.List(caller, *request); });
}

}  // namespace foxfire::server
