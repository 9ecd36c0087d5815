// The server's certificate and what TLS clients must agree to.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "common/files.h"
#include "common/result.h"
#include "server/http2/socket_transport.h"

namespace foxfire::server::http2 {

struct TlsOptions {
  Path certificate;                 // PEM, the chain from the server's own upwards
  Path key;                         // PEM
  std::string min_version = "1.2";  // or "1.3"
};

// Thread-safe once created.
class TlsContext {
 public:
  // Errors name the file and the config key.
  static Result<std::unique_ptr<TlsContext>> Create(const TlsOptions& options);
  ~TlsContext();

  // A server's side of TLS on `fd`; the handshake goes along with the first reads. Only clients
  // that negotiate "h2" by ALPN are let in (RFC 9113 section 3.2).
  std::unique_ptr<SocketTransport> MakeTransport(UniqueFd fd) const;

 private:
  TlsContext() = default;
  SSL_CTX* context_ = nullptr;
};

}  // namespace foxfire::server::http2
