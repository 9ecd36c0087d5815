#include "server/admin/admin_server.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <netdb.h>
#include <sys/socket.h>

#include <chrono>
#include <cstring>
#include <utility>

#include "common/log.h"
#include "common/unique_fd.h"

namespace foxfire::server {
namespace {

// A kill holds its thread until the engine has ended, so this many may wait and others still work.
constexpr int kMostThreads = 64;
constexpr int kLargestRequestBytes = 1 << 20;

// gRPC writes to standard error otherwise, in a form of its own. What matters to an operator comes
// back as an error.
void LogOfGrpc(gpr_log_func_args* line) { Log("grpc").debug("{}", line->message); }

Result<std::shared_ptr<grpc::ServerCredentials>> CredentialsOf(const AdminServerOptions& options) {
  if (options.certificate.empty()) return grpc::InsecureServerCredentials();
  auto certificate = ReadFile(options.certificate);
  if (!certificate) return WithContext(certificate.error(), "tls.certificate");
  auto key = ReadFile(options.key);
  if (!key) return WithContext(key.error(), "tls.key");
  grpc::SslServerCredentialsOptions ssl;
  ssl.pem_key_cert_pairs.push_back({*std::move(key), *std::move(certificate)});
  return grpc::SslServerCredentials(ssl);
}

struct AddressesDelete {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

// gRPC does not say why it cannot listen, so the same is tried by hand; empty if it works.
std::string WhyNotBindable(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return "that is no host:port";
  std::string host = listen.substr(0, colon);
  if (!host.empty() && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(host.c_str(), listen.c_str() + colon + 1, &hints, &found);
  if (failure != 0) return gai_strerror(failure);
  const std::unique_ptr<addrinfo, AddressesDelete> addresses(found);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const UniqueFd fd(socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
    const int on = 1;
    if (fd.valid()) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (fd.valid() && bind(fd.get(), at->ai_addr, at->ai_addrlen) == 0) continue;
    return std::strerror(errno);
  }
  return "";
}

Error ListenError(const AdminServerOptions& options) {
  const std::string why = WhyNotBindable(options.listen);
  if (why.empty() && !options.certificate.empty()) {
    return {Code::kFailedPrecondition,
            fmt::format("the admin API cannot use tls.certificate {} with tls.key {}: give a PEM "
                        "certificate chain and the PEM key that belongs to it",
                        options.certificate.string(), options.key.string())};
  }
  return {Code::kFailedPrecondition,
          fmt::format("admin.listen: cannot listen on {}: {}; end what listens there or set "
                      "admin.listen to another address",
                      options.listen, why.empty() ? "gRPC refused it" : why)};
}

}  // namespace

AdminServer::AdminServer(const AdminParts& parts, GatewayInfo info,
                         SessionHandlers::OnClose on_close)
    : service_(parts, std::move(info), std::move(on_close)) {}

AdminServer::~AdminServer() { Shutdown(Duration::zero()); }

Result<std::unique_ptr<AdminServer>> AdminServer::Start(const AdminServerOptions& options,
                                                        const AdminParts& parts, GatewayInfo info,
                                                        SessionHandlers::OnClose on_close) {
  gpr_set_log_function(LogOfGrpc);
  ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(options));
  std::unique_ptr<AdminServer> admin(new AdminServer(parts, std::move(info), std::move(on_close)));
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.listen, credentials, &port);
  // Otherwise two gateways share a port, each with half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(kLargestRequestBytes);
  grpc::ResourceQuota quota("admin");
  quota.SetMaxThreads(kMostThreads);
  builder.SetResourceQuota(quota);
  builder.RegisterService(&admin->service_);
  admin->server_ = builder.BuildAndStart();
  if (admin->server_ == nullptr || port == 0) return tl::unexpected(ListenError(options));
  admin->port_ = static_cast<uint16_t>(port);
  Log("admin").info("listening port={} tls={}", port, !options.certificate.empty());
  return admin;
}

void AdminServer::Shutdown(Duration grace) {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now() + grace);
  server_->Wait();
}

}  // namespace foxfire::server
