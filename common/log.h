// Logging: one logger a subsystem, lines of "what happened key=value …", never a secret.
#pragma once

#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"

namespace foxfire {

struct LogOptions {
  std::string level = "info";  // trace, debug, info, warn, error
  std::string file;            // empty: standard error
  bool json = false;           // one JSON object a line
};

// Sets up where all loggers write. Called once, before other threads start. INVALID_ARGUMENT for
// an unknown level, or the file's error.
Result<void> InitLogging(const LogOptions& options);

// The logger of a subsystem ("broker", "http2"), made at first use. Thread-safe; keep the
// reference, it lives as long as the process.
spdlog::logger& Log(std::string_view subsystem);

}  // namespace foxfire
