#include "server/http2/tls_context.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace foxfire::server::http2 {
namespace {

constexpr size_t kRecord = 16 << 10;  // RFC 8446 section 5.1: at most 2^14 bytes in a record

std::string LastTlsError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "connection lost";
  const char* const reason = ERR_reason_error_string(code);
  return reason == nullptr ? fmt::format("OpenSSL error {:#x}", code) : reason;
}

class TlsTransport final : public SocketTransport {
 public:
  TlsTransport(UniqueFd fd, SSL* ssl) : SocketTransport(std::move(fd)), ssl_(ssl) {}
  ~TlsTransport() override {
    if (SSL_is_init_finished(ssl_) != 0 && !failed_) SSL_shutdown(ssl_);
    ERR_clear_error();
    SSL_free(ssl_);
  }

  IoOutcome Read(std::span<uint8_t> into) override {
    size_t n = 0;
    ERR_clear_error();
    if (SSL_read_ex(ssl_, into.data(), into.size(), &n) == 1) return {IoOutcome::Kind::kDone, n};
    return OutcomeOf(0);
  }

  // Small pieces share a record. It is filled as far as there are bytes: a record that has to be
  // tried again must not be offered with fewer (SSL_write, "bad length"), however they lie by then.
  IoOutcome Write(std::span<const iovec> pieces) override {
    size_t done = 0;
    std::array<uint8_t, kRecord> record;
    size_t at = 0;  // in the first piece
    for (size_t i = 0; i < pieces.size();) {
      const void* data = static_cast<const uint8_t*>(pieces[i].iov_base) + at;
      size_t size = pieces[i].iov_len - at;
      if (size >= kRecord) {
        ++i;
        at = 0;
      } else {
        size = 0;
        while (i < pieces.size() && size < kRecord) {
          const size_t part = std::min(pieces[i].iov_len - at, kRecord - size);
          std::memcpy(record.data() + size, static_cast<const uint8_t*>(pieces[i].iov_base) + at,
                      part);
          size += part;
          at += part;
          if (at == pieces[i].iov_len) {
            ++i;
            at = 0;
          }
        }
        data = record.data();
      }
      size_t n = 0;
      ERR_clear_error();
      if (SSL_write_ex(ssl_, data, size, &n) != 1) return OutcomeOf(done);
      done += n;
      if (n < size) break;
    }
    return {IoOutcome::Kind::kDone, done};
  }

  bool ReadsArePartial() const override { return true; }

 private:
  IoOutcome OutcomeOf(size_t done) {
    switch (SSL_get_error(ssl_, 0)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        return done > 0 ? IoOutcome{IoOutcome::Kind::kDone, done}
                        : IoOutcome{IoOutcome::Kind::kWouldBlock};
      case SSL_ERROR_ZERO_RETURN:
        return {IoOutcome::Kind::kClosed};
      default:
        failed_ = true;
        return {IoOutcome::Kind::kFailed, 0, LastTlsError()};
    }
  }

  SSL* ssl_;
  bool failed_ = false;
};

int SelectH2(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
             unsigned int offered_size, void*) {
  static constexpr std::array<unsigned char, 3> kH2 = {2, 'h', '2'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kH2.data(), kH2.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::Create(const TlsOptions& options) {
  std::unique_ptr<TlsContext> tls(new TlsContext);
  tls->context_ = SSL_CTX_new(TLS_server_method());
  if (tls->context_ == nullptr) return MakeError(Code::kInternal, LastTlsError());
  SSL_CTX* const context = tls->context_;
  SSL_CTX_set_min_proto_version(context,
                                options.min_version == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(
      context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_alpn_select_cb(context, SelectH2, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) != 1) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("tls.certificate: {} is no readable PEM certificate: {}",
                                 options.certificate.string(), LastTlsError()));
  }
  if (SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return MakeError(Code::kInvalidArgument,
                     fmt::format("tls.key: {} is not the PEM key of tls.certificate: {}",
                                 options.key.string(), LastTlsError()));
  }
  return tls;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

std::unique_ptr<SocketTransport> TlsContext::MakeTransport(UniqueFd fd) const {
  SSL* const ssl = SSL_new(context_);
  SSL_set_fd(ssl, fd.get());
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsTransport>(std::move(fd), ssl);
}

}  // namespace foxfire::server::http2
