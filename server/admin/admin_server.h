// The listener of the admin API.
#pragma once

#include <grpcpp/server.h>

#include <cstdint>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/files.h"
#include "common/result.h"
#include "server/admin/admin_service.h"

namespace foxfire::server {

struct AdminServerOptions {
  std::string listen = "127.0.0.1:15003";  // host:port, IPv6 in brackets; port 0: any free one
  Path certificate;                        // PEM, the chain; empty: plaintext
  Path key;                                // PEM, together with `certificate`
};

// Start, Shutdown, gone; the destructor shuts down at once. Thread-compatible.
class AdminServer {
 public:
  // `parts` must outlive this. Errors name the configuration key and the cure.
  static Result<std::unique_ptr<AdminServer>> Start(const AdminServerOptions& options,
                                                    const AdminParts& parts, GatewayInfo info,
                                                    SessionHandlers::OnClose on_close);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  uint16_t port() const { return port_; }

  // Takes no new calls and returns when the running ones have ended; cancels them after `grace`.
  void Shutdown(Duration grace);

 private:
  AdminServer(const AdminParts& parts, GatewayInfo info, SessionHandlers::OnClose on_close);

  AdminService service_;
  std::unique_ptr<grpc::Server> server_;
  uint16_t port_ = 0;
};

}  // namespace foxfire::server
