// A port for a program that cannot be told to take any free one.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "common/check.h"
#include "common/unique_fd.h"

namespace foxfire {

// Holds a port of 127.0.0.1 until it goes; nobody listens there unless Listen() was called.
// Thread-compatible.
class PortHolder {
 public:
  PortHolder() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    CHECK(bind(fd_.get(), generic, size) == 0);
    CHECK(getsockname(fd_.get(), generic, &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  void Listen() { CHECK(listen(fd_.get(), 5) == 0); }
  uint16_t port() const { return port_; }

 private:
  UniqueFd fd_;
  uint16_t port_ = 0;
};

// Was free a moment ago.
inline uint16_t FreePort() { return PortHolder().port(); }

}  // namespace foxfire
