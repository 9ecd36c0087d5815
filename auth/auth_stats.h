// Every metric about authentication.
#pragma once

#include <array>
#include <string>

#include "auth/token_verifier.h"
#include "common/metrics.h"

namespace foxfire::auth {

// A verifier counts what it decides; who takes tokens out of headers counts kMissing and
// kMalformed. Thread-safe.
struct AuthStats {
  explicit AuthStats(Metrics& metrics)
      : accepted(metrics.AddCounter("foxfire_auth_accepted_total", "Credentials accepted.")) {
    for (size_t reason = 0; reason < refusals.size(); ++reason) {
      const auto name = AuthRefusalName(static_cast<AuthRefusal>(reason));
      refusals[reason] =
          &metrics.AddCounter("foxfire_auth_refusals_total", "Credentials refused, by reason.",
                              {{"reason", std::string(name)}});
    }
  }

  void CountRefusal(AuthRefusal refusal) { refusals[static_cast<size_t>(refusal)]->Increment(); }

  Counter& accepted;
  std::array<Counter*, 5> refusals{};  // one for each AuthRefusal
};

}  // namespace foxfire::auth
