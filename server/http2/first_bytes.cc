#include "server/http2/first_bytes.h"

#include <algorithm>
#include <string_view>

namespace foxfire::server::http2 {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
static_assert(kPreface.size() == kFirstBytes);
constexpr uint8_t kHandshakeRecord = 22;
constexpr uint8_t kTlsMajor = 3;

bool IsMethodByte(uint8_t byte) { return byte >= 'A' && byte <= 'Z'; }

}  // namespace

Speech Recognize(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return Speech::kUndecided;
  if (bytes[0] == kHandshakeRecord) {
    if (bytes.size() < 2) return Speech::kUndecided;
    return bytes[1] == kTlsMajor ? Speech::kTls : Speech::kGarbage;
  }
  const size_t common = std::min(bytes.size(), kPreface.size());
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), common);
  if (text == kPreface.substr(0, common)) {
    return common == kPreface.size() ? Speech::kHttp2 : Speech::kUndecided;
  }
  // An HTTP/1 method is upper-case letters and a space; the longest in use has 11 letters.
  size_t letters = 0;
  while (letters < text.size() && IsMethodByte(bytes[letters])) ++letters;
  if (letters == text.size() && letters < 12) return Speech::kUndecided;
  return letters > 0 && letters < text.size() && text[letters] == ' ' ? Speech::kHttp1
                                                                      : Speech::kGarbage;
}

}  // namespace foxfire::server::http2
