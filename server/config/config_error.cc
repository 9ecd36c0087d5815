#include "server/config/config_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace foxfire::server {
namespace {

// Values come from outside: they must not be able to end a line or to colour a terminal.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (std::iscntrl(static_cast<unsigned char>(c)) != 0) c = '?';
  }
  return text;
}

}  // namespace

std::string ConfigError::ToString() const {
  std::string text = file;
  if (line > 0) text += fmt::format(":{}", line);
  text += ": ";
  if (!key.empty()) text += key + ": ";
  text += what;
  if (!cure.empty()) text += "; " + cure;
  return OneLine(std::move(text));
}

std::string ToString(ConfigErrors errors) {
  std::stable_sort(errors.begin(), errors.end(),
                   [](const ConfigError& a, const ConfigError& b) { return a.line < b.line; });
  std::string text;
  for (const ConfigError& error : errors) text += error.ToString() + "\n";
  return text;
}

}  // namespace foxfire::server
