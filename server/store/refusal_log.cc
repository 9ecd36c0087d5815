#include "server/store/refusal_log.h"

#include <fmt/format.h>

#include <chrono>

#include "common/log.h"
#include "server/store/event_types.h"

namespace foxfire::server {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);
constexpr const char* kOtherHosts = "*";

}  // namespace

void RefusalLog::Write(std::string_view reason, const std::string& address,
                       std::string_view where) {
  const auto left_out = Admit(reason, address);
  if (!left_out) return;
  EventRecord event;
  event.time = clock_.WallNow();
  event.type = event::kAuthRefused;
  event.address = address;
  event.detail = fmt::format("{}{}", reason, where);
  if (*left_out > 0) event.detail += fmt::format(", {} more before", *left_out);
  Log("auth").info("refused reason={} address={}", event.detail, address);
  store_.Append(std::move(event));
}

std::optional<size_t> RefusalLog::Admit(std::string_view reason, const std::string& address) {
  const SteadyTime now = clock_.Now();
  Key key(address.substr(0, address.rfind(':')), reason);
  MutexLock lock(mutex_);
  if (minutes_.size() >= kHosts && minutes_.count(key) == 0) {
    std::erase_if(minutes_, [now](const auto& one) {
      return one.second.count <= kEachMinute && now - one.second.began >= kMinute;
    });
    if (minutes_.size() >= kHosts) key.first = kOtherHosts;
  }
  const auto [at, is_first] = minutes_.try_emplace(std::move(key), Minute{now, 0});
  Minute& minute = at->second;
  size_t left_out = 0;
  if (now - minute.began >= kMinute) {
    if (minute.count > kEachMinute) left_out = minute.count - kEachMinute;
    minute = {now, 0};
  }
  if (++minute.count > kEachMinute) return std::nullopt;
  return left_out;
}

}  // namespace foxfire::server
