// Numeric addresses and sockaddr.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace foxfire::server::http2 {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  bool IsLoopback() const;
  uint16_t port() const;
  // "127.0.0.1:5000", "[::1]:5000"
  std::string ToString() const;
};

// `host`: an IPv4 or IPv6 address, or "localhost" (127.0.0.1). nullopt for anything else: loops do
// not resolve names.
std::optional<SocketAddress> ParseSocketAddress(const std::string& host, uint16_t port);

}  // namespace foxfire::server::http2
