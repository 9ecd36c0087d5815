// What all launchers tell an engine: properties, environment, options of java. Pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine_launcher/engine_command.h"

namespace foxfire::launcher {

inline constexpr const char* kMainClass = "foxfire.engine.EngineMain";

// True if engines of this profile get their secret by a file. The others agree on one with the
// gateways (docs/engine-contract.md).
bool TakesSecretFile(const EngineProfile& profile);

// True if spark-submit only hands the driver over to a cluster manager.
bool IsClusterMode(const EngineProfile& profile);

// The profile as this one engine starts with it: what the request asks for goes over it.
EngineProfile ProfileFor(const EngineProfile& profile, const LaunchRequest& request);

// foxfire.*: who the engine is and what it has to know (docs/engine-contract.md).
std::map<std::string, std::string> FoxfireProperties(const EngineCommandInput& input,
                                                     const LaunchRequest& request);

// spark.*: the profile's, and ours where it says nothing.
std::map<std::string, std::string> SparkSettings(const EngineProfile& profile);

// All but -Xmx and the engine's id. `scratch`: empty where the driver has none of ours.
std::vector<std::string> JavaOptions(const EngineProfile& profile, const std::string& scratch);

// The short list, SPARK_HOME and the like, whom to work as, and what the profile adds.
std::map<std::string, std::string> EngineEnvironment(const EngineCommandInput& input,
                                                     const std::string& run_as);

}  // namespace foxfire::launcher
