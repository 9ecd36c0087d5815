#include "auth/bearer.h"

#include <algorithm>

namespace foxfire::auth {
namespace {

constexpr std::string_view kScheme = "bearer";
constexpr std::string_view kBlank = " \t";

char LowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool StartsWithScheme(std::string_view text) {
  return text.size() >= kScheme.size() &&
         std::equal(kScheme.begin(), kScheme.end(), text.begin(),
                    [](char expected, char c) { return expected == LowerCase(c); });
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool IsTokenCharacter(char c) {
  const char lower = LowerCase(c);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~' || c == '+' || c == '/';
}

// b64token of RFC 6750 section 2.1: padding only at the end.
bool IsToken(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenCharacter);
}

}  // namespace

tl::expected<std::string_view, AuthRefusal> BearerToken(std::string_view header_value) {
  if (header_value.size() > kMaxBearerBytes) return tl::unexpected(AuthRefusal::kMalformed);
  const std::string_view value = Trim(header_value);
  if (value.empty()) return tl::unexpected(AuthRefusal::kMissing);
  if (!StartsWithScheme(value)) return tl::unexpected(AuthRefusal::kMalformed);
  const std::string_view rest = value.substr(kScheme.size());
  if (rest.empty()) return tl::unexpected(AuthRefusal::kMissing);
  const std::string_view token = Trim(rest);
  if (token.size() == rest.size() || !IsToken(token))
    return tl::unexpected(AuthRefusal::kMalformed);
  return token;
}

}  // namespace foxfire::auth
