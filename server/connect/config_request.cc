#include "server/connect/config_request.h"

#include <cstdint>

namespace foxfire::server {
namespace {

// base.proto of Spark 3.5 to 4.3: Operation.set, Set.pairs, KeyValue.key and .value.
constexpr uint64_t kSetField = 1;
constexpr uint64_t kPairsField = 1;
constexpr uint64_t kKeyField = 1;
constexpr uint64_t kValueField = 2;

std::optional<uint64_t> TakeVarint(std::string_view& bytes) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

// Calls `visit(field, content)` for each length-delimited field; stops at what is broken, and at
// wire types that these messages do not have.
template <typename Visit>
void ForEachField(std::string_view message, const Visit& visit) {
  while (!message.empty()) {
    const auto tag = TakeVarint(message);
    if (!tag) return;
    if ((*tag & 7) == 0) {  // Set.silent
      if (!TakeVarint(message)) return;
      continue;
    }
    const auto length = (*tag & 7) == 2 ? TakeVarint(message) : std::nullopt;
    if (!length || *length > message.size()) return;
    visit(*tag >> 3, message.substr(0, *length));
    message.remove_prefix(*length);
  }
}

}  // namespace

std::optional<std::string> SettingIn(std::string_view operation, std::string_view key) {
  std::optional<std::string> found;
  const auto visit_pair = [&](std::string_view pair) {
    std::string_view name;
    std::string_view value;
    ForEachField(pair, [&](uint64_t field, std::string_view content) {
      if (field == kKeyField) name = content;
      if (field == kValueField) value = content;
    });
    if (name == key) found = std::string(value);
  };
  ForEachField(operation, [&](uint64_t field, std::string_view set) {
    if (field != kSetField) return;
    ForEachField(set, [&](uint64_t inner, std::string_view pair) {
      if (inner == kPairsField) visit_pair(pair);
    });
  });
  return found;
}

}  // namespace foxfire::server
