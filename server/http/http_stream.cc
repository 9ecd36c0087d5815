#include "server/http/http_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace foxfire::server {
namespace {

constexpr Duration kLinger = std::chrono::milliseconds(500);

SteadyTime Now() { return std::chrono::steady_clock::now(); }

}  // namespace

HttpStream::HttpStream(int fd, int stop_fd, HttpStreamLimits limits, SteadyTime now)
    : fd_(fd),
      stop_fd_(stop_fd),
      deadline_(now + limits.request_timeout),
      bytes_left_(limits.request_bytes) {}

bool HttpStream::Wait(short events, bool until_stop, SteadyTime deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 2> fds = {{{fd_, events, 0}, {stop_fd_, POLLIN, 0}}};
    const int ready = poll(fds.data(), until_stop ? 2 : 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return false;
    if (ready > 0) return fds[1].revents == 0;
  }
}

bool HttpStream::is_readable() const { return end_ > begin_ || Wait(POLLIN, true, deadline_); }

bool HttpStream::is_writable() const { return Wait(POLLOUT, false, deadline_); }

ssize_t HttpStream::Receive() {
  const size_t room = std::min(buffer_.size(), bytes_left_);
  if (room == 0 || !Wait(POLLIN, true, deadline_)) return -1;
  const ssize_t n = recv(fd_, buffer_.data(), room, 0);
  if (n <= 0) return n;
  bytes_left_ -= static_cast<size_t>(n);
  begin_ = 0;
  end_ = static_cast<size_t>(n);
  return n;
}

ssize_t HttpStream::read(char* data, size_t size) {
  if (begin_ == end_) {
    const ssize_t n = Receive();
    if (n <= 0) return n;
  }
  const size_t n = std::min(size, end_ - begin_);
  std::memcpy(data, buffer_.data() + begin_, n);
  begin_ += n;
  return static_cast<ssize_t>(n);
}

ssize_t HttpStream::write(const char* data, size_t size) {
  if (!is_writable()) return -1;
  return send(fd_, data, size, MSG_NOSIGNAL);
}

// Nothing that is served here depends on who asks.
void HttpStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void HttpStream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void HttpStream::Linger() {
  shutdown(fd_, SHUT_WR);
  const SteadyTime deadline = Now() + kLinger;
  for (size_t left = buffer_.size() * 16; left > 0;) {
    if (!Wait(POLLIN, true, deadline)) return;
    const ssize_t n = recv(fd_, buffer_.data(), std::min(left, buffer_.size()), MSG_DONTWAIT);
    if (n <= 0) return;
    left -= static_cast<size_t>(n);
  }
}

}  // namespace foxfire::server
