#include "server/engine/engine_room.h"

#include <fmt/format.h>

namespace foxfire::server {
namespace {

// Launches count like engines; one that is gone from ZooKeeper and ran elsewhere does not, nor what
// somebody else has started, which costs us nothing.
bool TakesRoom(const EngineEntry& engine) {
  const bool is_there =
      engine.registered || engine.is_local || engine.state == EngineState::kLaunching;
  return is_there && !engine.record.is_registered();
}

}  // namespace

std::string OwnerLine(const EngineKey& key) {
  const std::string user = key.User();
  return user.empty() ? fmt::format("{}:{}", ShareLevelName(key.level), key.owner)
                      : fmt::format("user:{}", user);
}

bool LeavesHalfFree(const EngineOptions& options, const EngineTable& table) {
  const size_t own =
      table.CountIf([](const EngineEntry& engine) { return TakesRoom(engine) && engine.is_own; });
  const size_t all = table.CountIf(TakesRoom);
  const size_t most = options.cluster_engines_max;
  return 2 * (own + 1) <= options.engines_max && (most == 0 || 2 * (all + 1) <= most);
}

std::string ShortageFor(const EngineKey& key, const EngineOptions& options,
                        const EngineTable& table, const std::vector<EngineKey>& launching) {
  const auto count = [&](const auto& counts) {
    size_t engines = table.CountIf([&counts](const EngineEntry& engine) {
      return TakesRoom(engine) && counts(engine.record.key, engine.is_own);
    });
    for (const EngineKey& other : launching) {
      if (counts(other, true)) ++engines;
    }
    return engines;
  };
  const auto full = [](size_t engines, size_t most, const std::string& whose, const char* limit) {
    if (most == 0 || engines < most) return std::string();
    return fmt::format("{} engines {} run or start already (limits.{})", engines, whose, limit);
  };
  std::string what = full(count([](const EngineKey&, bool is_own) { return is_own; }),
                          options.engines_max, "of this gateway", "engines");
  if (what.empty()) {
    what = full(count([](const EngineKey&, bool) { return true; }), options.cluster_engines_max,
                "of the cluster", "cluster_engines");
  }
  if (!what.empty()) return what;
  const std::string line = OwnerLine(key);
  const size_t engines =
      count([&line](const EngineKey& other, bool) { return OwnerLine(other) == line; });
  const std::string user = key.User();
  return user.empty()
             ? full(engines, options.engines_per_group, "of " + key.owner, "engines_per_group")
             : full(engines, options.engines_per_user, "of " + user, "engines_per_user");
}

}  // namespace foxfire::server
