#include "server/connect/clone_response.h"

#include "server/connect/envelope_scanner.h"

namespace foxfire::server {
namespace {

// Field 1 is the old session's id in answers too; the new one's stands where others have an
// operation's.
constexpr MethodTraits kAnswer{.name = "", .operation_id_field = 3};

}  // namespace

std::string ClonedSessionId(std::string_view message) {
  EnvelopeScanner scanner(kAnswer);
  const auto* const bytes = reinterpret_cast<const uint8_t*>(message.data());
  if (!scanner.Scan({bytes, message.size()}) || !scanner.AtBoundary()) return "";
  return scanner.operation_id();
}

}  // namespace foxfire::server
