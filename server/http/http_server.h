// The HTTP port: /healthz, /readyz, /metrics.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "common/clock.h"
#include "common/metrics.h"
#include "common/result.h"
#include "server/config/listen_address.h"
#include "server/http/http_pages.h"

namespace foxfire::server {

struct HttpServerOptions {
  ListenAddress listen{"127.0.0.1", 15004};
  size_t threads = 2;       // that serve requests
  size_t connections = 64;  // that wait for a thread; more wait in the kernel
  Duration request_timeout = std::chrono::seconds(10);  // from accepting to the whole request
  size_t request_bytes = 64 << 10;
};

// Serves with threads of its own (cpp-httplib), one request a connection, without TLS and without
// authentication: it shows nothing that is secret, and listens on loopback unless told otherwise.
// Listens from Start() to Stop(). Thread-safe.
class HttpServer {
 public:
  // `metrics` and what `checks` use must outlive the server. UNAVAILABLE if the address cannot be
  // had; the message names http.listen.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                   std::vector<ReadinessCheck> checks,
                                                   Metrics& metrics);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Where it listens; with the real port if 0 was asked for.
  const ListenAddress& address() const { return address_; }

  // Ends within moments, whatever clients do. Idempotent; also done by the destructor.
  void Stop();

 private:
  struct Parts;
  HttpServer(ListenAddress address, std::unique_ptr<Parts> parts);

  const ListenAddress address_;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace foxfire::server
