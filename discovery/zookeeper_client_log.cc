#include "discovery/zookeeper_client_log.h"

#include <string_view>

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

void LogZooKeeperLine(const char* line) {
  constexpr std::string_view kMark = ":ZOO_";
  const std::string_view text = line == nullptr ? "" : line;
  const size_t mark = text.find(kMark);
  if (mark == std::string_view::npos) {
    Log("zookeeper").info("client: {}", text);
    return;
  }
  const std::string_view rest = text.substr(mark + kMark.size());
  const size_t at = rest.find('@');
  const size_t message = rest.find(": ");
  Log("zookeeper")
      .log(LevelOf(rest.substr(0, at)), "client: {}",
           message == std::string_view::npos ? rest : rest.substr(message + 2));
}

}  // namespace foxfire::discovery
