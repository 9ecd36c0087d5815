#include "common/text.h"

#include "common/json.h"

namespace foxfire {

std::string ToUtf8(std::string_view text) {
  // The JSON library knows how to replace what is no UTF-8.
  auto clean = ParseJson(ToText(Json(std::string(text))));
  return clean ? clean->get<std::string>() : std::string();
}

std::string ToOneLine(std::string_view text, size_t limit) {
  std::string line(text.substr(0, limit));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return ToUtf8(line);
}

}  // namespace foxfire
