// foxfire.toml → Config. Looks at nothing but that file: whether what it names exists and fits
// together is for config_validate.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "common/files.h"
#include "server/config/config.h"
#include "server/config/config_error.h"

namespace foxfire::server {

// What defaults depend on.
struct LoadContext {
  Path program_folder;  // of the foxfired binary: where foxfire-engine.jar lies
  unsigned cores = 1;
};

// This process's.
LoadContext CurrentLoadContext();

// A value type.
struct LoadedConfig {
  Config config;
  std::string file;                       // as the user named it
  std::map<std::string, uint32_t> lines;  // "tls.key" and "tls" → where the file has them

  // An error about `key`, at the key's line, else its section's, else the file's.
  ConfigError ErrorAt(std::string key, std::string what, std::string cure) const;
};

// Every key has its value: defaults are filled in, paths absolute, 0 and "" that stand for
// something replaced. On failure all mistakes are named, not only the first.
tl::expected<LoadedConfig, ConfigErrors> LoadConfig(const Path& file, const LoadContext& context);

// The same for text that is at hand; `file` need not exist.
tl::expected<LoadedConfig, ConfigErrors> ParseConfig(std::string_view text, const Path& file,
                                                     const LoadContext& context);

// For --check-config: what is in force, as TOML, defaults included. Values of settings whose names
// look like secrets are left out.
std::string DescribeEffectiveConfig(const Config& config);

}  // namespace foxfire::server
