#include "server/config/listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

namespace foxfire::server {
namespace {

constexpr size_t kHostBytesMax = 253;  // RFC 1035

bool IsIpv4(const std::string& text) {
  in_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool IsIpv6(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// Not all digits and dots: "1.2.3" and "127.0.0.256" are mistyped addresses, not names.
bool IsHostName(std::string_view text) {
  const auto allowed = [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_');
  };
  const auto numeric = [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; };
  return !text.empty() && text.size() <= kHostBytesMax &&
         std::all_of(text.begin(), text.end(), allowed) &&
         !std::all_of(text.begin(), text.end(), numeric);
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || rest != end) return std::nullopt;
  return port;
}

}  // namespace

std::string ListenAddress::ToString() const {
  const bool brackets = host.find(':') != std::string::npos;
  return brackets ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

bool ListenAddress::IsLoopback() const {
  if (host == "localhost" || (IsIpv4(host) && host.rfind("127.", 0) == 0)) return true;
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
}

bool ListenAddress::IsWildcard() const {
  if (host == "0.0.0.0") return true;
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1 && IN6_IS_ADDR_UNSPECIFIED(&address);
}

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    std::string host(text.substr(0, colon));
    const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (brackets) host = host.substr(1, host.size() - 2);
    const bool valid = brackets ? IsIpv6(host) : IsIpv4(host) || IsHostName(host);
    const auto port = ParsePort(text.substr(colon + 1));
    if (valid && port) return ListenAddress{std::move(host), *port};
  }
  return MakeError(Code::kInvalidArgument,
                   fmt::format("\"{}\" is not an address to listen on: write host:port, such as "
                               "\"127.0.0.1:15002\" or \"[::1]:15002\"",
                               text));
}

bool IsIpAddress(const std::string& text) { return IsIpv4(text) || IsIpv6(text); }

}  // namespace foxfire::server
