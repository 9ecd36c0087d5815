#include "server/engine/launch_failures.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/engine/backoff.h"

namespace foxfire::server {
namespace {

// Beyond the pause: a failure after that is the first one again, and operators need not see it.
constexpr Duration kMemory = std::chrono::minutes(10);

}  // namespace

const Error* LaunchFailures::Current(const EngineKey& key, SteadyTime now) const {
  const auto found = failures_.find(key);
  if (found == failures_.end() || found->second.until <= now) return nullptr;
  return &found->second.failure.error;
}

void LaunchFailures::Add(const EngineKey& key, Error error, const Clock& clock) {
  const SteadyTime now = clock.Now();
  std::erase_if(failures_, [now](const auto& entry) { return entry.second.forget_at <= now; });
  Entry& entry = failures_[key];
  const size_t count = entry.failure.count + 1;
  const Duration pause = PauseAfter(count, first_pause_, longest_pause_);
  const WallTime wall = clock.WallNow();
  entry.failure = {key, std::move(error), count, wall, wall + pause};
  entry.until = now + pause;
  entry.forget_at = entry.until + kMemory;
}

std::vector<LaunchFailure> LaunchFailures::List(SteadyTime now) const {
  std::vector<LaunchFailure> list;
  for (const auto& [key, entry] : failures_) {
    if (entry.forget_at > now) list.push_back(entry.failure);
  }
  std::sort(list.begin(), list.end(),
            [](const LaunchFailure& a, const LaunchFailure& b) { return a.last < b.last; });
  return list;
}

}  // namespace foxfire::server
