#include "server/engine/engine_status.h"

namespace foxfire::server {

std::string_view EngineStateName(EngineState state) {
  switch (state) {
    case EngineState::kLaunching:
      return "launching";
    case EngineState::kReady:
      return "ready";
    case EngineState::kStopping:
      return "stopping";
    case EngineState::kDead:
      return "dead";
  }
  return "";
}

}  // namespace foxfire::server
