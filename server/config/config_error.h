// What is wrong with a configuration file, one line each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace foxfire::server {

// A value type.
struct ConfigError {
  std::string file;   // as the user named it
  uint32_t line = 0;  // 0: the file as a whole
  std::string key;    // "tls.key"; empty: the file as a whole
  std::string what;   // never the value of something that may be secret
  std::string cure;

  bool operator==(const ConfigError&) const = default;
  // "foxfire.toml:12: tls.key: /etc/k.pem: No such file or directory; name a PEM file"
  std::string ToString() const;
};

using ConfigErrors = std::vector<ConfigError>;

// By line; one text line each, with a newline at its end.
std::string ToString(ConfigErrors errors);

}  // namespace foxfire::server
