// Any bytes from a client and from an engine: nothing crashes, nothing hangs, no call stays behind.
//
// Input: steps. A step is a byte that says what happens (modulo 4: the client sends, the engine
// sends, the client hangs up, the engine hangs up); the first two go on with two bytes for a
// length, the lower one first, and that many bytes.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <future>
#include <span>
#include <vector>

#include "common/check.h"
#include "common/log.h"
#include "server/http2/loop_worker.h"
#include "tests/integration/http2/gateway_parts.h"

namespace foxfire::server::http2 {
namespace {

using Bytes = std::span<const uint8_t>;

// Made anew now and then: what it remembers of sessions and events is for as long as it lives.
constexpr int kInputsAWorld = 1000;

void SendAll(int fd, Bytes bytes) {
  const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  CHECK(n >= 0 || errno == EPIPE || errno == ECONNRESET || errno == EAGAIN);
}

void ReadAll(int fd) {
  std::array<char, 64 << 10> bytes;
  while (recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
  }
}

class World : private GatewayParts {
 public:
  World() {
    Listen();
    options_.loops = 1;
    options_.links = 1;
    CHECK(broker_.Start().has_value());
    auto worker = LoopWorker::Create(options_, service_, stats_, nullptr, clock_);
    CHECK(worker.has_value());
    worker_ = *std::move(worker);
    worker_->Start("fuzz");
    directory_.AddEngine(RecordOf(EngineId("engine"), "alice", engine_port_));
    Settle();
  }
  ~World() {
    worker_->Stop();
    StopThreads();
  }

  void Run(Bytes input) {
    std::array<int, 2> ends{};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    client_.Reset(ends[0]);
    stats_.open_connections.fetch_add(1);
    worker_->Adopt(UniqueFd(ends[1]), "fuzz", std::nullopt);
    while (!input.empty()) input = Step(input);
    client_.Reset();
    Settle();
    for (int tries = 0; tries < 100 && !IsIdle(); ++tries) {
      HangUpEngine();
      Settle();
    }
    CHECK(IsIdle());
  }

 private:
  bool IsIdle() {
    return stats_.open_connections.load() == 0 && stats_.held_bytes.load() == 0 &&
           metrics_.Render().find("\nfoxfire_calls_open 0\n") != std::string::npos;
  }

  // Returns what is left of the input.
  Bytes Step(Bytes input) {
    const uint8_t what = input[0] % 4U;
    input = input.subspan(1);
    if (what == 2) client_.Reset();
    if (what == 3) HangUpEngine();
    if (what < 2) {
      if (input.size() < 2) return {};
      const size_t wanted = input[0] | input[1] << 8U;
      const size_t size = std::min(wanted, input.size() - 2);
      const Bytes bytes = input.subspan(2, size);
      input = input.subspan(2 + size);
      if (what == 0 && client_.valid()) SendAll(client_.get(), bytes);
      if (what == 1 && !engines_.empty()) SendAll(engines_.back().get(), bytes);
    }
    Settle();
    return input;
  }

  void HangUpEngine() {
    AcceptEngines();
    engines_.clear();
  }

  void AcceptEngines() {
    for (;;) {
      UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!fd.valid()) return;
      engines_.push_back(std::move(fd));
    }
  }

  // Until the loop has seen what has been sent, and those whom it asks have answered.
  void Settle() {
    for (int round = 0; round < 2; ++round) {
      std::promise<void> done;
      directory_thread_.Post([this, &done] {
        core_.Post([this, &done] { worker_->loop().Post([&done] { done.set_value(); }); });
      });
      done.get_future().wait();
      AcceptEngines();
      if (client_.valid()) ReadAll(client_.get());
      for (const UniqueFd& engine : engines_) ReadAll(engine.get());
    }
  }

  void Listen() {
    listener_.Reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    CHECK(bind(listener_.get(), generic, size) == 0);
    CHECK(listen(listener_.get(), 100) == 0);
    CHECK(getsockname(listener_.get(), generic, &size) == 0);
    engine_port_ = ntohs(address.sin_port);
  }

  DataPlaneOptions options_;
  Http2Stats stats_{metrics_};
  UniqueFd listener_;
  uint16_t engine_port_ = 0;
  UniqueFd client_;
  std::vector<UniqueFd> engines_;
  std::unique_ptr<LoopWorker> worker_;
};

}  // namespace
}  // namespace foxfire::server::http2

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using foxfire::server::http2::World;
  static std::unique_ptr<World> world;
  static int inputs = 0;
  if (world == nullptr || ++inputs % foxfire::server::http2::kInputsAWorld == 0) {
    world.reset();
    world = std::make_unique<World>();
  }
  world->Run({data, size});
  return 0;
}
