#include "server/connect/wire_writer.h"

#include "server/connect/methods.h"

namespace foxfire::server {
namespace {

void AppendVarint(std::string& to, uint64_t value) {
  for (; value > 0x7f; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}

}  // namespace

void AppendBytesField(std::string& to, uint32_t field, std::string_view value) {
  AppendVarint(to, uint64_t{field} << 3 | 2);
  AppendVarint(to, value.size());
  to += value;
}

void AppendVarintField(std::string& to, uint32_t field, uint64_t value) {
  AppendVarint(to, uint64_t{field} << 3);
  AppendVarint(to, value);
}

std::string IdentitySuffix(std::string_view session_id, std::string_view user) {
  constexpr size_t kHeads = 4 * 11;  // a tag and a length each
  std::string context;
  context.reserve(kHeads + 2 * user.size());
  AppendBytesField(context, 1, user);
  AppendBytesField(context, 2, user);
  std::string suffix;
  suffix.reserve(kHeads + session_id.size() + context.size());
  AppendBytesField(suffix, kSessionIdField, session_id);
  AppendBytesField(suffix, kUserContextField, context);
  return suffix;
}

}  // namespace foxfire::server
