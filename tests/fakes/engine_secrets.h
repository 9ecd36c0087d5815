// The secrets of engines, for brokers among fakes.
#pragma once

#include <functional>
#include <utility>

#include "server/engine/engine_broker.h"

namespace foxfire::server {

// Of every engine what `of` says, whoever started it.
inline EngineSecrets SecretsBy(std::function<Secret(const EngineId&)> of) {
  EngineSecrets secrets;
  secrets.of_registered = [of](const discovery::EngineRecord& record) -> Result<Secret> {
    return of(record.id);
  };
  secrets.of_launched = std::move(of);
  return secrets;
}

}  // namespace foxfire::server
