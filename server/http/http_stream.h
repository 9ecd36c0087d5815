// One HTTP connection under cpp-httplib. Private to this folder.
#pragma once

#include <httplib.h>

#include <array>
#include <cstddef>
#include <string>

#include "common/clock.h"

namespace foxfire::server {

struct HttpStreamLimits {
  Duration request_timeout = std::chrono::seconds(10);
  size_t request_bytes = 64 << 10;
};

// cpp-httplib's own stream bounds each line and each read, but neither the number of header lines
// nor the time of a whole request: a client that drips bytes would hold a thread for ever. This one
// ends both. Borrows the descriptors. Confined to the thread that serves the connection.
class HttpStream final : public httplib::Stream {
 public:
  // Reading ends as soon as `stop_fd` is readable.
  HttpStream(int fd, int stop_fd, HttpStreamLimits limits, SteadyTime now);

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* data, size_t size) override;
  ssize_t write(const char* data, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return fd_; }

  // Waits until the client has read the answer, for a moment: closing while bytes of the request
  // are unread would reset the connection and could lose the answer.
  void Linger();

 private:
  bool Wait(short events, bool until_stop, SteadyTime deadline) const;
  ssize_t Receive();

  const int fd_;
  const int stop_fd_;
  const SteadyTime deadline_;
  size_t bytes_left_;
  std::array<char, 4096> buffer_;
  size_t begin_ = 0;  // of what is in the buffer
  size_t end_ = 0;
};

}  // namespace foxfire::server
