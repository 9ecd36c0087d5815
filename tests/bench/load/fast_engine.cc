// An engine that answers at once: as many messages of a size as the request's headers ask for.
// Prints its port, serves until its standard input ends.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <map>
#include <memory>

#include "common/check.h"
#include "tests/bench/load/h2_endpoint.h"

namespace foxfire::bench {
namespace {

class EngineEnd final : public H2Endpoint {
 public:
  EngineEnd(UniqueFd fd, std::map<uint64_t, std::string>& messages)
      : H2Endpoint(std::move(fd), true), messages_(messages) {}

 private:
  void OnEnd(int32_t id, const Stream& stream) override {
    std::string& message = messages_[stream.message_size];
    if (message.empty()) message = Framed(std::string(stream.message_size, 'r'));
    Respond(id, {&message, stream.messages_wanted, 0});
  }

  std::map<uint64_t, std::string>& messages_;  // by size
};

void Serve(int listener) {
  const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  const auto watch = [&epoll](int fd, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    CHECK(epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0);
  };
  watch(listener, EPOLLIN);
  watch(STDIN_FILENO, EPOLLIN);
  std::map<uint64_t, std::string> messages;
  std::map<int, std::unique_ptr<EngineEnd>> ends;
  std::array<epoll_event, 64> events{};
  for (;;) {
    const int n = epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      const int fd = events.at(static_cast<size_t>(i)).data.fd;
      if (fd == STDIN_FILENO) return;
      if (fd == listener) {
        UniqueFd accepted(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!accepted.valid()) continue;
        const int one = 1;
        setsockopt(accepted.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        const int number = accepted.get();
        ends[number] = std::make_unique<EngineEnd>(std::move(accepted), messages);
        watch(number, EPOLLIN | EPOLLOUT | EPOLLET);
        continue;
      }
      EngineEnd& end = *ends.at(fd);
      if (!end.Read() || !end.Flush()) ends.erase(fd);
    }
  }
}

}  // namespace
}  // namespace foxfire::bench

int main() {
  const foxfire::UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(bind(listener.get(), generic, size) == 0);
  CHECK(listen(listener.get(), 100) == 0);
  CHECK(getsockname(listener.get(), generic, &size) == 0);
  std::cout << ntohs(address.sin_port) << std::endl;
  foxfire::bench::Serve(listener.get());
  return 0;
}
