// The parts of ValidateConfig. Private to this folder.
#pragma once

#include <string>
#include <utility>

#include "server/config/config_error.h"
#include "server/config/config_loader.h"

namespace foxfire::server {

// What checks look at and where they say what they found. Lives on the stack of one call.
struct Checkup {
  const LoadedConfig& loaded;
  ConfigErrors& errors;

  const Config& config() const { return loaded.config; }
  void Fail(std::string key, std::string what, std::string cure) const {
    errors.push_back(loaded.ErrorAt(std::move(key), std::move(what), std::move(cure)));
  }
};

// Contradictions within the file (config_contradictions.cc).
void CheckAddresses(const Checkup& check);
void CheckZooKeeper(const Checkup& check);
void CheckTimesAndLimits(const Checkup& check);
void CheckSharing(const Checkup& check);
void CheckPrestart(const Checkup& check);
void CheckRoutes(const Checkup& check);  // config_routes.cc
// `bind` and `advertised`: bind_address and advertise_host of `section`.
void CheckEngineAddress(const Checkup& check, const std::string& section, const std::string& bind,
                        const std::string& advertised);

// The same for profiles, groups and users (config_profiles.cc).
void CheckProfiles(const Checkup& check);
void CheckOverrides(const Checkup& check);

// What must exist (config_files.cc).
void CheckStateFolder(const Checkup& check);
void CheckTls(const Checkup& check);
void CheckPrivateFiles(const Checkup& check);
void CheckEngineFiles(const Checkup& check);

}  // namespace foxfire::server
