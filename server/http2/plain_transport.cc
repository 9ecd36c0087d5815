#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "server/http2/socket_transport.h"

namespace foxfire::server::http2 {
namespace {

IoOutcome OutcomeOfErrno() {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoOutcome::Kind::kWouldBlock};
  return {IoOutcome::Kind::kFailed, 0, std::generic_category().message(errno), errno};
}

class PlainTransport final : public SocketTransport {
 public:
  explicit PlainTransport(UniqueFd fd) : SocketTransport(std::move(fd)) {}

  IoOutcome Read(std::span<uint8_t> into) override {
    for (;;) {
      const ssize_t n = recv(fd(), into.data(), into.size(), 0);
      if (n > 0) return {IoOutcome::Kind::kDone, static_cast<size_t>(n)};
      if (n == 0) return {IoOutcome::Kind::kClosed};
      if (errno != EINTR) return OutcomeOfErrno();
    }
  }

  IoOutcome Write(std::span<const iovec> pieces) override {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    for (;;) {
      const ssize_t n = sendmsg(fd(), &message, MSG_NOSIGNAL);
      if (n >= 0) return {IoOutcome::Kind::kDone, static_cast<size_t>(n)};
      if (errno != EINTR) return OutcomeOfErrno();
    }
  }

  bool ReadsArePartial() const override { return false; }
};

}  // namespace

std::unique_ptr<SocketTransport> MakePlainTransport(UniqueFd fd) {
  return std::make_unique<PlainTransport>(std::move(fd));
}

}  // namespace foxfire::server::http2
