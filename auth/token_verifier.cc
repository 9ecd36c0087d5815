#include "auth/token_verifier.h"

namespace foxfire::auth {

std::string_view AuthRefusalName(AuthRefusal refusal) {
  switch (refusal) {
    case AuthRefusal::kMissing:
      return "missing";
    case AuthRefusal::kMalformed:
      return "malformed";
    case AuthRefusal::kUnknown:
      return "unknown";
    case AuthRefusal::kRevoked:
      return "revoked";
    case AuthRefusal::kExpired:
      return "expired";
  }
  return "unknown";
}

}  // namespace foxfire::auth
