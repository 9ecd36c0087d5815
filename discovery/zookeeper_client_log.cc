#include "discovery/zookeeper_client_log.h"

#include "common/log.h"

namespace foxfire::discovery {
namespace {

// One step below what the C client says: it calls each lost connection and each attempt to get it
// back an error, and mends them itself. That ZooKeeper is away is said once, by the directory.
spdlog::level::level_enum LevelOf(std::string_view name) {
  if (name == "ERROR") return spdlog::level::warn;
  if (name == "WARN") return spdlog::level::info;
  return name == "INFO" ? spdlog::level::debug : spdlog::level::trace;
}

}  // namespace

void ZooKeeperClientLog::Write(const char* line) {
  constexpr std::string_view kMark = ":ZOO_";
  const std::string_view text = line == nullptr ? "" : line;
  const size_t mark = text.find(kMark);
  if (mark == std::string_view::npos) {
    Log("zookeeper").info("client: {}", text);
    return;
  }
  const std::string_view rest = text.substr(mark + kMark.size());
  const size_t colon = rest.find(": ");
  const std::string_view place = rest.substr(0, colon);  // "WARN@function@line"
  auto level = LevelOf(place.substr(0, place.find('@')));
  if (level > spdlog::level::debug && SpokeWithinAMinute(place)) level = spdlog::level::debug;
  Log("zookeeper")
      .log(level, "client: {}", colon == std::string_view::npos ? rest : rest.substr(colon + 2));
}

bool ZooKeeperClientLog::SpokeWithinAMinute(std::string_view place) {
  const SteadyTime now = clock_.Now();
  MutexLock lock(mutex_);
  const auto [entry, is_new] = last_by_place_.try_emplace(std::string(place), now);
  if (is_new) return false;
  if (now - entry->second < std::chrono::minutes(1)) return true;
  entry->second = now;
  return false;
}

}  // namespace foxfire::discovery
