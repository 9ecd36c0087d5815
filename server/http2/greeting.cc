#include "server/http2/greeting.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "common/log.h"
#include "server/http2/client_connection.h"

namespace foxfire::server::http2 {
namespace {

constexpr std::string_view kUseTls =
    "this server speaks TLS, and a plaintext connection must not carry your token: add "
    ";use_ssl=true to "
    "the connection string";
constexpr std::string_view kHttp1Answer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    "This port speaks Spark Connect (gRPC over HTTP/2): connect with sc://host:port\n";

}  // namespace

Greeting::Greeting(LoopParts& parts, UniqueFd fd, std::string peer, const TlsContext* tls,
                   std::optional<CallStatus> refusal, Done done)
    : parts_(parts),
      fd_(std::move(fd)),
      peer_(std::move(peer)),
      tls_(tls),
      refusal_(std::move(refusal)),
      done_(std::move(done)) {}

Greeting::~Greeting() {
  parts_.loop.Cancel(timer_);
  if (!fd_.valid()) return;
  parts_.loop.Forget(fd_.get(), *this);
  parts_.stats.open_connections.fetch_sub(1);
}

Result<void> Greeting::Begin() {
  timer_ = parts_.loop.RunAfter(parts_.options.greeting_timeout, [this] {
    Log("http2").debug("closed: said nothing address={}", peer_);
    Finish();
  });
  return parts_.loop.Watch(fd_.get(), *this);
}

void Greeting::OnIo(uint32_t events) {
  std::array<uint8_t, kFirstBytes> bytes;
  const ssize_t n = recv(fd_.get(), bytes.data(), bytes.size(), MSG_PEEK);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return Finish();
  const Speech speech = Recognize({bytes.data(), static_cast<size_t>(n)});
  if (speech != Speech::kUndecided) return Hear(speech);
  // A peek goes on seeing the bytes of somebody who has left.
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) Finish();
}

void Greeting::Hear(Speech speech) {
  if (speech == Speech::kTls && tls_ == nullptr) {
    parts_.stats.tls_on_plaintext.Increment();
    Log("http2").warn(
        "closed: a TLS client on a port without TLS; its user should connect to "
        "sc://localhost:… without use_ssl, or set [tls] here address={}",
        peer_);
  } else if (speech == Speech::kHttp1) {
    parts_.stats.http1.Increment();
    AnswerHttp1();
  } else if (speech == Speech::kGarbage) {
    parts_.stats.garbage.Increment();
    Log("http2").info("closed: neither HTTP/2 nor TLS address={}", peer_);
  } else {
    std::optional<CallStatus> refusal = std::move(refusal_);
    if (speech == Speech::kHttp2 && tls_ != nullptr) {
      parts_.stats.plaintext_on_tls.Increment();
      Log("http2").warn("plaintext calls refused on a port with TLS: {} address={}", kUseTls,
                        peer_);
      refusal = StatusOf({Code::kFailedPrecondition, std::string(kUseTls)});
    }
    parts_.loop.Forget(fd_.get(), *this);
    auto transport = speech == Speech::kTls ? tls_->MakeTransport(std::move(fd_))
                                            : MakePlainTransport(std::move(fd_));
    ClientConnection::Start(parts_, std::move(transport), peer_, std::move(refusal));
  }
  Finish();
}

// Best effort: whoever speaks HTTP/1 here has a wrong port in some setting.
void Greeting::AnswerHttp1() {
  if (send(fd_.get(), kHttp1Answer.data(), kHttp1Answer.size(), MSG_NOSIGNAL) < 0) {
    Log("http2").debug("answering HTTP/1 failed address={}", peer_);
  }
}

// What is left unread would turn the close into a reset, which may overtake an answer.
void Greeting::TakeUnread() {
  std::array<uint8_t, 4096> taken;
  while (recv(fd_.get(), taken.data(), taken.size(), MSG_DONTWAIT) > 0) {
  }
}

void Greeting::Finish() {
  if (fd_.valid()) TakeUnread();
  done_(*this);
}

}  // namespace foxfire::server::http2
