#include "tests/support/cuttable_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "common/check.h"

namespace foxfire {
namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// False once one side has closed.
bool Pump(int from, int to) {
  std::array<char, 16384> part{};
  const ssize_t got = recv(from, part.data(), part.size(), 0);
  return got > 0 && send(to, part.data(), static_cast<size_t>(got), MSG_NOSIGNAL) == got;
}

}  // namespace

CuttableProxy::CuttableProxy(uint16_t target)
    : target_(target),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      orders_(eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(bind(listener_.get(), generic, size) == 0);
  CHECK(listen(listener_.get(), 16) == 0);
  CHECK(getsockname(listener_.get(), generic, &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

CuttableProxy::~CuttableProxy() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  Tell(1);
  thread_.join();
}

void CuttableProxy::Tell(uint64_t order) {
  CHECK(write(orders_.get(), &order, sizeof order) == sizeof order);
}

void CuttableProxy::Cut() {
  {
    MutexLock lock(mutex_);
    cut_ = true;
  }
  Tell(1);
}

void CuttableProxy::Heal() {
  MutexLock lock(mutex_);
  cut_ = false;
}

void CuttableProxy::Accept() {
  Pipe pipe{UniqueFd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)),
            UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
  {
    MutexLock lock(mutex_);
    if (cut_) return;
  }
  const sockaddr_in address = Loopback(target_);
  if (connect(pipe.server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    pipes_.push_back(std::move(pipe));
}

void CuttableProxy::Run() {
  for (;;) {
    std::vector<pollfd> fds = {{listener_.get(), POLLIN, 0}, {orders_.get(), POLLIN, 0}};
    for (const Pipe& pipe : pipes_) {
      fds.push_back({pipe.client.get(), POLLIN, 0});
      fds.push_back({pipe.server.get(), POLLIN, 0});
    }
    if (poll(fds.data(), fds.size(), -1) < 0) continue;
    size_t at = 2;
    for (auto pipe = pipes_.begin(); pipe != pipes_.end(); at += 2) {
      bool alive = true;
      if (fds[at].revents != 0) alive = Pump(pipe->client.get(), pipe->server.get());
      if (alive && fds[at + 1].revents != 0) alive = Pump(pipe->server.get(), pipe->client.get());
      pipe = alive ? std::next(pipe) : pipes_.erase(pipe);
    }
    if (fds[1].revents != 0) {
      uint64_t orders = 0;
      CHECK(read(orders_.get(), &orders, sizeof orders) == sizeof orders);
      MutexLock lock(mutex_);
      if (stopping_) return;
      if (cut_) pipes_.clear();
    }
    if (fds[0].revents != 0) Accept();
  }
}

}  // namespace foxfire
