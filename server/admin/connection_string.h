// What a user gives to SparkSession.builder.remote().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace foxfire::server {

// Where clients reach Spark Connect. A value type.
struct PublicAddress {
  std::string host;
  uint16_t port = 0;
  bool tls = false;
};

// "sc://host:port/;token=…", which holds a secret. With TLS it ends in ";use_ssl=true", for without
// it PySpark speaks plaintext to a TLS port and hangs without a word.
std::string ConnectionString(const PublicAddress& address, std::string_view token);

}  // namespace foxfire::server
