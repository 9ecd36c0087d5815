#include "auth/names.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "auth/principal.h"

namespace foxfire::auth {
namespace {

// The first character of `text`, which loses it; nullopt if that is not UTF-8 (RFC 3629: no
// overlong forms, no surrogates, nothing above U+10FFFF).
std::optional<char32_t> TakeCharacter(std::string_view& text) {
  const auto byte = [&text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  const size_t length = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length == 0 || lead > 0xF4 || text.size() < length) return std::nullopt;
  char32_t character = length == 1 ? lead : lead & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return std::nullopt;
    character = (character << 6U) | (byte(i) & 0x3FU);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (character < kSmallest[length] || character > 0x10FFFF) return std::nullopt;
  if (character >= 0xD800 && character <= 0xDFFF) return std::nullopt;
  text.remove_prefix(length);
  return character;
}

bool IsControl(char32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); }

// The Unicode property White_Space, less the control characters.
bool IsSpace(char32_t c) {
  return c == 0x20 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

}  // namespace

Result<void> CheckName(std::string_view name, std::string_view what) {
  const auto wrong = [what](std::string_view why) {
    return MakeError(Code::kInvalidArgument, fmt::format("{} {}", what, why));
  };
  if (name.empty()) return wrong("must not be empty");
  if (name.size() > kMaxNameBytes)
    return wrong(fmt::format("must not be longer than {} bytes", kMaxNameBytes));
  std::vector<char32_t> characters;
  for (std::string_view rest = name; !rest.empty();) {
    const auto character = TakeCharacter(rest);
    if (!character) return wrong("must be UTF-8");
    if (IsControl(*character)) return wrong("must not contain control characters");
    characters.push_back(*character);
  }
  if (IsSpace(characters.front()) || IsSpace(characters.back()))
    return wrong("must not begin or end with white space");
  return {};
}

Result<void> CheckRole(std::string_view role) {
  if (role == kAdminRole) return {};
  return MakeError(Code::kInvalidArgument,
                   fmt::format("the only role that there is is \"{}\"", kAdminRole));
}

}  // namespace foxfire::auth
