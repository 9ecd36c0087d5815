// How spark-submit starts an engine. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine_launcher/engine_command.h"

namespace foxfire::launcher {

// What a master URL names. kUnknown: nothing that Spark knows.
enum class ClusterManager { kLocal, kStandalone, kYarn, kKubernetes, kUnknown };
ClusterManager ManagerOf(std::string_view master);

// The tag by which YARN knows an engine's application.
std::string YarnTag(const EngineId& id);
// The label by which Kubernetes knows an engine's pods; its value is the engine's id.
inline constexpr const char* kKubernetesLabel = "foxfire-engine";

// The properties file holds all that may be long or private. In client mode the process becomes the
// engine; in cluster mode it ends once the cluster manager has the driver.
EngineCommand MakeSubmitCommand(const EngineCommandInput& input, const LaunchRequest& request);

// One string, as spark-submit takes java's options apart again.
std::string JoinJavaOptions(const std::vector<std::string>& options);

}  // namespace foxfire::launcher
