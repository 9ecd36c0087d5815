#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "tests/fake_engine/fake_call.h"

namespace foxfire::fake {
namespace {

// 0: no TCP socket, or one that is not connected. gRPC's sockets are IPv6 ones that serve both.
int PortOf(int fd, int (*ask)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (ask(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

}  // namespace

// gRPC C++ has no way to break a connection, so the socket is found among the open files.
void Disconnect(const std::string& peer, int own_port) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  if (!folder) return;
  const int peer_port = std::atoi(peer.substr(peer.rfind(':') + 1).c_str());
  while (const dirent* entry = readdir(folder.get())) {
    const int fd = std::atoi(entry->d_name);
    const int remote = PortOf(fd, getpeername);
    if (remote == 0) continue;
    if (peer.empty() ? PortOf(fd, getsockname) == own_port : remote == peer_port)
      shutdown(fd, SHUT_RDWR);
  }
}

}  // namespace foxfire::fake
