#include "tests/integration/http2/test_engine.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <future>

#include "common/check.h"

namespace foxfire::server::http2 {

void EngineCall::Respond(const Headers& extra) const {
  Headers headers = {{":status", "200"}, {"content-type", "application/grpc"}};
  headers.insert(headers.end(), extra.begin(), extra.end());
  peer->Respond(id, headers);
}

void TestEngine::Echo(const EngineCall& call) {
  PeerStream& stream = call.stream();
  if (!stream.ended || stream.out_ended) return;
  call.Respond();
  for (const std::string& message : call.messages()) call.Send(message);
  call.End();
}

TestEngine::TestEngine(Script script, PeerOptions options, int receive_buffer)
    : script_(std::move(script)),
      options_(options),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  options_.is_server = true;
  if (receive_buffer > 0) {
    CHECK(setsockopt(listener_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer,
                     sizeof receive_buffer) == 0);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(bind(listener_.get(), generic, size) == 0);
  CHECK(listen(listener_.get(), 100) == 0);
  CHECK(getsockname(listener_.get(), generic, &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

TestEngine::~TestEngine() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  const uint64_t one = 1;
  CHECK(write(wake_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
}

void TestEngine::Post(std::function<void()> task) {
  {
    MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  const uint64_t one = 1;
  CHECK(write(wake_.get(), &one, sizeof one) == sizeof one);
}

void TestEngine::Do(const std::function<void(Calls&)>& task) {
  auto done = std::make_shared<std::promise<void>>();
  Post([this, task, done] {
    task(calls_);
    done->set_value();
  });
  done->get_future().wait();
}

bool TestEngine::Await(const std::function<bool(Calls&)>& holds) {
  return changed_.Await([this, &holds] {
    bool answer = false;
    Do([&answer, &holds](Calls& calls) { answer = holds(calls); });
    return answer;
  });
}

bool TestEngine::AwaitCalls(size_t count) {
  return Await([count](const Calls& calls) { return calls.size() >= count; });
}

void TestEngine::StopListening() {
  Do([this](Calls&) { listener_.Reset(); });
}

void TestEngine::DieNow() {
  listener_.Reset();
  HangUpNow();
}

void TestEngine::HangUpNow() {
  for (const auto& peer : peers_) peer->Close();
}

void TestEngine::CloseConnections() {
  Do([this](Calls&) { HangUpNow(); });
}

void TestEngine::Kill() {
  Do([this](Calls&) { DieNow(); });
}

size_t TestEngine::connections() {
  size_t open = 0;
  Do([this, &open](Calls&) {
    open = static_cast<size_t>(std::count_if(peers_.begin(), peers_.end(),
                                             [](const auto& peer) { return !peer->closed(); }));
  });
  return open;
}

void TestEngine::Run() {
  for (;;) {
    std::vector<pollfd> waiting = {{wake_.get(), POLLIN, 0}};
    if (listener_.valid()) waiting.push_back({listener_.get(), POLLIN, 0});
    for (const auto& peer : peers_) {
      if (!peer->closed()) waiting.push_back({peer->fd(), peer->Events(), 0});
    }
    poll(waiting.data(), waiting.size(), -1);
    uint64_t wakes = 0;  // read first: what is asked for after the next lines wakes it again
    if (read(wake_.get(), &wakes, sizeof wakes) < 0) CHECK(errno == EAGAIN);
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
    }
    Accept();
    for (const auto& peer : peers_) peer->Turn();
    RunTasks();
    for (const auto& peer : peers_) peer->Turn();
    changed_.Notify();
  }
}

void TestEngine::Accept() {
  while (listener_.valid()) {
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) return;
    auto peer = std::make_unique<Http2Peer>(std::move(fd), options_);
    peer->OnStream([this, raw = peer.get()](int32_t id) {
      const auto known = std::find_if(calls_.begin(), calls_.end(), [raw, id](const auto& call) {
        return call.peer == raw && call.id == id;
      });
      const EngineCall call{raw, id};
      if (known == calls_.end()) calls_.push_back(call);
      script_(call);
    });
    peers_.push_back(std::move(peer));
  }
}

void TestEngine::RunTasks() {
  std::vector<std::function<void()>> tasks;
  {
    MutexLock lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const auto& task : tasks) task();
}

}  // namespace foxfire::server::http2
