#include "engine_launcher/java_properties.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

namespace foxfire::launcher {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;

// Takes one code point off the front of `text`.
uint32_t TakeCodePoint(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  text.remove_prefix(1);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 && lead < 0xF8   ? 3
                   : lead >= 0xE0 && lead < 0xF0 ? 2
                   : lead >= 0xC2 && lead < 0xE0 ? 1
                                                 : 0;
  if (more == 0 || text.size() < static_cast<size_t>(more)) return kReplacement;
  uint32_t point = lead & (0x3FU >> more);
  for (int i = 0; i < more; ++i) {
    const auto byte = static_cast<unsigned char>(text[static_cast<size_t>(i)]);
    if ((byte & 0xC0) != 0x80) return kReplacement;
    point = point << 6 | (byte & 0x3FU);
  }
  text.remove_prefix(static_cast<size_t>(more));
  const bool too_long = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
  const bool no_character = point > 0x10FFFF || (point >= 0xD800 && point < 0xE000);
  return too_long || no_character ? kReplacement : point;
}

void AppendUtf16(std::string& out, uint32_t point) {
  if (point >= 0x10000) {
    point -= 0x10000;
    out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (point >> 10), 0xDC00 + (point & 0x3FF));
  } else {
    out += fmt::format("\\u{:04x}", point);
  }
}

std::string Escape(std::string_view text) {
  constexpr std::string_view kSpecial = "\\=:#! ";
  std::string out;
  while (!text.empty()) {
    const uint32_t point = TakeCodePoint(text);
    if (point < 0x20 || point >= 0x7F) {
      AppendUtf16(out, point);
    } else {
      const char c = static_cast<char>(point);
      if (kSpecial.find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string JavaProperties(const std::map<std::string, std::string>& entries) {
  std::string text;
  for (const auto& [key, value] : entries)
    text += fmt::format("{}={}\n", Escape(key), Escape(value));
  return text;
}

}  // namespace foxfire::launcher
