// Config → what each part is told. The one place that knows both.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine_launcher/embedded_zookeeper.h"
#include "engine_launcher/profile.h"
#include "server/call/call_service.h"
#include "server/call/engine_key_policy.h"
#include "server/config/config.h"
#include "server/engine/engine_options.h"
#include "server/http2/data_plane_options.h"
#include "server/session/session_manager.h"

namespace foxfire::server {

std::vector<launcher::EngineProfile> ProfilesOf(const Config& config);
launcher::LauncherOptions LauncherOptionsOf(const Config& config);
launcher::EmbeddedZooKeeperOptions EmbeddedZooKeeperOptionsOf(const Config& config);
// host:port[,host:port…] of the ensemble, or of the embedded server.
std::string ZooKeeperConnectOf(const Config& config);
// By profile, those that want some.
std::map<std::string, size_t> WarmSparesOf(const Config& config);
EngineOptions EngineOptionsOf(const Config& config);
RouterOptions RouterOptionsOf(const Config& config);
SessionManagerOptions SessionManagerOptionsOf(const Config& config);
CallOptions CallOptionsOf(const Config& config);
http2::DataPlaneOptions DataPlaneOptionsOf(const Config& config);

}  // namespace foxfire::server
