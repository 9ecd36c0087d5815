#include "server/admin/connection_string.h"

#include <fmt/format.h>

namespace foxfire::server {

std::string ConnectionString(const PublicAddress& address, std::string_view token) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos && address.host.front() != '[';
  return fmt::format("sc://{}{}{}:{}/;token={}{}", is_ipv6 ? "[" : "", address.host,
                     is_ipv6 ? "]" : "", address.port, token, address.tls ? ";use_ssl=true" : "");
}

}  // namespace foxfire::server
