// "host:port", as config and flags write it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace foxfire::server {

// Where to listen. A value type.
struct ListenAddress {
  std::string host;   // an IP address (IPv6 without brackets) or a host name
  uint16_t port = 0;  // 0: any free port

  bool operator==(const ListenAddress&) const = default;

  // "127.0.0.1:15002", "[::1]:15002"
  std::string ToString() const;
  // True for 127.0.0.0/8, ::1 and "localhost": only this machine can reach it.
  bool IsLoopback() const;
  // True for 0.0.0.0 and ::, which stand for every address of the machine.
  bool IsWildcard() const;
};

// INVALID_ARGUMENT says what to write instead. Host names are not resolved.
Result<ListenAddress> ParseListenAddress(std::string_view text);

// True for an IPv4 or IPv6 address (without brackets).
bool IsIpAddress(const std::string& text);

}  // namespace foxfire::server
