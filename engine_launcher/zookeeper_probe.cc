#include "engine_launcher/zookeeper_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "common/unique_fd.h"

namespace foxfire::launcher {
namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// False at the deadline or on an error.
bool AwaitReadable(int fd, SteadyTime deadline) {
  const auto left = deadline - std::chrono::steady_clock::now();
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  pollfd waiting{fd, POLLIN, 0};
  return poll(&waiting, 1, static_cast<int>(std::clamp<int64_t>(millis, 0, 60'000))) > 0;
}

}  // namespace

bool ZooKeeperServes(uint16_t port, Duration timeout) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + timeout;
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  // Loopback answers at once, one way or the other.
  if (!fd.valid() ||
      connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return false;
  }
  constexpr std::string_view kQuestion = "srvr";
  if (send(fd.get(), kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(kQuestion.size())) {
    return false;
  }
  std::string answer;
  std::array<char, 512> part{};
  while (answer.size() < part.size() && AwaitReadable(fd.get(), deadline)) {
    const ssize_t got = recv(fd.get(), part.data(), part.size(), 0);
    if (got <= 0) break;
    answer.append(part.data(), static_cast<size_t>(got));
  }
  // One that is still starting says "This ZooKeeper instance is not currently serving requests".
  return answer.starts_with("Zookeeper version");
}

bool IsPortFree(uint16_t port) {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = Loopback(port);
  return bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace foxfire::launcher
