#include "server/config/config_defaults.h"

#include <algorithm>
#include <system_error>

#include "common/engine_key.h"
#include "server/config/config_schema.h"

namespace foxfire::server {
namespace {

constexpr std::string_view kStatePrefix = "<state>/";
constexpr const char* kEngineJar = "foxfire-engine.jar";

Path Resolve(const Path& path, const Path& folder, const Path& state_folder) {
  const std::string text = path.string();
  if (text.empty()) return {};
  if (text.rfind(kStatePrefix, 0) == 0)
    return (state_folder / text.substr(kStatePrefix.size())).lexically_normal();
  return (folder / path).lexically_normal();
}

// A visitor of FieldRef.
struct Resolver {
  const Path& folder;
  const Path& state_folder;

  void operator()(Path* field) const { *field = Resolve(*field, folder, state_folder); }
  void operator()(Program* field) const {
    if (field->command.find('/') != std::string::npos)
      field->command = Resolve(field->command, folder, state_folder).string();
  }
  template <typename Other>
  void operator()(Other*) const {}
};

void ResolvePaths(Config& config, const Path& folder) {
  config.server.state_folder = Resolve(config.server.state_folder, folder, folder);
  const Path state_folder = config.server.state_folder;
  for (const ConfigKey& key : ConfigKeys()) {
    // No key of a group, user or route is a path.
    if (key.section == kGroupSection || key.section == kUserSection ||
        key.section == kRouteSection) {
      continue;
    }
    if (key.section != kProfileSection) {
      std::visit(Resolver{folder, state_folder}, key.field({&config}));
      continue;
    }
    for (auto& [name, profile] : config.profiles)
      std::visit(Resolver{folder, state_folder}, key.field({&config, &profile}));
  }
}

std::string PublicHost(const ListenAddress& listen) {
  if (listen.IsLoopback()) return "localhost";
  return listen.IsWildcard() ? HostName() : listen.host;
}

}  // namespace

void FillIn(Config& config, const Path& folder, const LoadContext& context) {
  ResolvePaths(config, folder);
  const int64_t half_the_cores = std::max<int64_t>(1, context.cores / 2);
  if (config.server.loops == 0) config.server.loops = half_the_cores;
  if (config.engine.concurrent_launches == 0) config.engine.concurrent_launches = half_the_cores;
  if (config.engine.jar.empty()) config.engine.jar = context.program_folder / kEngineJar;
  if (config.server.public_host.empty())
    config.server.public_host = PublicHost(config.server.listen);
}

}  // namespace foxfire::server
