#include "engine_launcher/spare_channels.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/log.h"

namespace foxfire::launcher {
namespace {

constexpr size_t kLongestLine = size_t{64} << 10;  // what either side accepts

bool SaysReady(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  const auto ready = json.is_object() ? json.find("ready") : json.end();
  return json.is_object() && ready != json.end() && ready->is_boolean() && ready->get<bool>();
}

}  // namespace

std::string BindLine(const LaunchRequest& request) {
  const nlohmann::json line = {{"key", request.key.ToString()},
                               {"run_as", request.run_as},
                               {"spark_conf", request.spark_conf}};
  // Bytes that are no UTF-8 must not throw.
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<UniqueFd> SpareChannels::Open(const EngineId& id, std::function<void()> ready) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return tl::unexpected(ErrnoError(errno, "making a socket for a warm spare"));
  channels_[id] = {UniqueFd(ends[0]), "", std::move(ready)};
  Watch(id);
  return UniqueFd(ends[1]);
}

void SpareChannels::Watch(const EngineId& id) {
  // A descriptor of its own, so that closing the channel needs no agreement with the watcher.
  UniqueFd watched(fcntl(channels_.at(id).socket.get(), F_DUPFD_CLOEXEC, 0));
  if (!watched.valid()) {
    Log("launcher").error("{}", ErrnoError(errno, "watching a warm spare").message);
    return;
  }
  thread_.WatchInput(std::move(watched), [this, id] { Read(id); });
}

void SpareChannels::Read(const EngineId& id) {
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  Channel& channel = found->second;
  std::array<char, 4096> bytes{};
  const ssize_t got = recv(channel.socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  // Its end is seen by the end of its process.
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
  if (got > 0) channel.received.append(bytes.data(), static_cast<size_t>(got));
  const size_t end = channel.received.find('\n');
  if (end == std::string::npos) {
    if (channel.received.size() <= kLongestLine) return Watch(id);
    Log("launcher").error("a warm spare talks without end engine={}", id.str());
    return Close(id);
  }
  if (SaysReady(channel.received.substr(0, end))) return std::exchange(channel.ready, nullptr)();
  Log("launcher").error("a warm spare says what nobody understands engine={}", id.str());
  Close(id);
}

Result<void> SpareChannels::Bind(const LaunchRequest& request) {
  const auto node = channels_.extract(request.id);
  if (node.empty()) {
    return MakeError(Code::kNotFound,
                     fmt::format("engine {} is no spare that waits", request.id.str()));
  }
  const std::string line = BindLine(request);
  if (line.size() > kLongestLine) {
    return MakeError(Code::kResourceExhausted,
                     "the Spark settings of the engine are more than 64 KiB");
  }
  // It fits into the socket's buffer, which is empty.
  const ssize_t sent =
      send(node.mapped().socket.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(line.size())) return {};
  return tl::unexpected(ErrnoError(sent < 0 ? errno : EMSGSIZE, "binding a warm spare"));
}

}  // namespace foxfire::launcher
