// The part of Gateway that takes over a changed configuration.
#include <fmt/format.h>

#include "common/log.h"
#include "server/config/config_changes.h"
#include "server/config/config_loader.h"
#include "server/config/config_validate.h"
#include "server/gateway.h"
#include "server/gateway_options.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

// More of them help nobody, and an event is one row.
constexpr size_t kNamedMax = 20;

std::string Join(std::vector<std::string> names, std::string_view between) {
  const size_t left_out = names.size() > kNamedMax ? names.size() - kNamedMax : 0;
  names.resize(names.size() - left_out);
  std::string text = fmt::format("{}", fmt::join(names, between));
  return left_out == 0 ? text : fmt::format("{} and {} more", text, left_out);
}

EventRecord ReloadEvent(const char* type, std::string detail, const Clock& clock) {
  EventRecord event;
  event.time = clock.WallNow();
  event.type = type;
  event.detail = std::move(detail);
  return event;
}

}  // namespace

void Gateway::Reload(const Path& file) {
  const auto loaded = LoadConfig(file, CurrentLoadContext());
  const ConfigErrors errors = loaded ? ValidateConfig(*loaded) : loaded.error();
  if (!errors.empty()) {
    std::vector<std::string> mistakes;
    for (const ConfigError& error : errors) mistakes.push_back(error.ToString());
    return RejectReload(mistakes);
  }
  Config next = WithReloadable(config_, loaded->config);
  // What needs a restart stays as it is, and the rest must go with that, too.
  if (const ConfigErrors with_running = ValidateConfig({next, loaded->file, loaded->lines});
      !with_running.empty()) {
    std::vector<std::string> mistakes;
    for (const ConfigError& error : with_running)
      mistakes.push_back(error.ToString() + " (as long as foxfired is not restarted)");
    return RejectReload(mistakes);
  }
  if (const auto set = launcher_->SetProfiles(ProfilesOf(next)); !set)
    return RejectReload({set.error().message});
  RenewSpares(next);
  router_->SetKeys(RouterOptionsOf(next).keys);
  WantPrestarts();
  if (config_.engine.prepare_archive) launcher_->MakeArchivesInBackground();

  const auto changed = ChangedKeys(in_force_, next);
  const std::string what = changed.empty() ? "nothing" : Join(changed, ", ");
  Log("gateway").info("{}: read again; changed for new engines and sessions: {}", file.string(),
                      what);
  for (const std::string& key : ChangedKeys(next, loaded->config))
    Log("gateway").warn("{}: {} needs a restart of foxfired to take effect", file.string(), key);
  in_force_ = std::move(next);
  store_->Append(ReloadEvent(event::kConfigReloaded, "changed: " + what, clock_));
}

// Those of a changed profile are ended, then made anew.
void Gateway::RenewSpares(const Config& next) {
  const auto wanted = WarmSparesOf(next);
  auto unchanged = wanted;
  for (const auto& [name, profile] : in_force_.profiles) {
    const auto found = next.profiles.find(name);
    if (found != next.profiles.end() && !(found->second == profile)) unchanged.erase(name);
  }
  if (unchanged != wanted) broker_->SetWarmSpares(unchanged);
  broker_->SetWarmSpares(wanted);
}

void Gateway::RejectReload(const std::vector<std::string>& mistakes) {
  for (const std::string& mistake : mistakes) Log("gateway").error("{}", mistake);
  Log("gateway").error("the configuration stays as it was; correct it and send SIGHUP again");
  store_->Append(ReloadEvent(event::kConfigRejected, Join(mistakes, "; "), clock_));
}

}  // namespace foxfire::server
