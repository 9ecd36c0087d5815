// Calls at full speed for some seconds; prints one line of JSON.
//
//   load KIND PORT CALLERS CONNECTIONS SECONDS < token
//
// KIND: config   a small request, a small answer
//       execute  ExecutePlan with a plan and an answer of 2 KiB, then ReleaseExecute
//       stream   answers of 64 messages of 1 MiB
//       upload   requests of 2048 messages of 32 KiB
//       plan     one request of 64 MiB
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <memory>

#include "common/check.h"
#include "server/connect/wire_writer.h"
#include "tests/bench/load/h2_endpoint.h"

namespace foxfire::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

// One call of a round; a round is what a caller's latency is measured of.
struct Step {
  std::string path;
  std::string message;  // framed
  uint64_t messages = 1;
  std::string answers;  // x-messages
  std::string answer_size;
};

std::string PathOf(std::string_view method) {
  return "/spark.connect.SparkConnectService/" + std::string(method);
}

std::string Request(uint32_t operation_field, size_t payload) {
  constexpr std::string_view kSession = "11111111-2222-3333-4444-555555555555";
  std::string user;
  server::AppendBytesField(user, 1, "bench");
  server::AppendBytesField(user, 2, "bench");
  std::string request;
  server::AppendBytesField(request, 1, kSession);
  server::AppendBytesField(request, 2, user);
  if (operation_field != 0) {
    server::AppendBytesField(request, operation_field, "33333333-2222-3333-4444-555555555555");
  }
  if (payload > 0) server::AppendBytesField(request, 5, std::string(payload, 'p'));
  return Framed(request);
}

std::vector<Step> StepsOf(std::string_view kind) {
  if (kind == "config") return {{PathOf("Config"), Request(0, 60), 1, "1", "100"}};
  if (kind == "execute") {
    return {{PathOf("ExecutePlan"), Request(6, 2000), 1, "1", "2000"},
            {PathOf("ReleaseExecute"), Request(3, 0), 1, "1", "100"}};
  }
  if (kind == "stream") return {{PathOf("ExecutePlan"), Request(6, 2000), 1, "64", "1048576"}};
  if (kind == "upload") return {{PathOf("AddArtifacts"), Request(0, 32 << 10), 2048, "1", "100"}};
  if (kind == "plan") return {{PathOf("ExecutePlan"), Request(6, 64 << 20), 1, "1", "100"}};
  return {};
}

// What the callers of all connections have in common.
struct Totals {
  std::vector<Step> steps;
  std::string authorization;
  SteadyClock::time_point until;
  std::vector<double> micros;
  uint64_t bytes = 0;
  uint64_t errors = 0;
  size_t running = 0;
};

class ClientEnd final : public H2Endpoint {
 public:
  ClientEnd(UniqueFd fd, SSL* tls, Totals& totals)
      : H2Endpoint(std::move(fd), false, tls), totals_(totals) {}

  void Add() {
    ++totals_.running;
    Begin({0, SteadyClock::now()});
  }

 private:
  struct Caller {
    size_t step = 0;
    SteadyClock::time_point began;
  };

  void Begin(const Caller& caller) {
    const Step& step = totals_.steps[caller.step];
    const int32_t id = Request({{":method", "POST"},
                                {":scheme", "http"},
                                {":path", step.path},
                                {":authority", "localhost"},
                                {"te", "trailers"},
                                {"content-type", "application/grpc"},
                                {"user-agent", "foxfire-bench"},
                                {"authorization", totals_.authorization},
                                {"x-messages", step.answers},
                                {"x-message-size", step.answer_size}},
                               {&step.message, step.messages, 0});
    callers_[id] = caller;
  }

  void OnEnd(int32_t id, const Stream& stream) override {
    Caller caller = callers_[id];
    callers_.erase(id);
    const Step& step = totals_.steps[caller.step];
    totals_.errors += stream.grpc_status == 0 ? 0 : 1;
    totals_.bytes += stream.received + step.message.size() * step.messages;
    const auto now = SteadyClock::now();
    if (++caller.step == totals_.steps.size()) {
      totals_.micros.push_back(
          std::chrono::duration<double, std::micro>(now - caller.began).count());
      caller = {0, now};
    }
    if (now > totals_.until || stream.grpc_status != 0) {
      --totals_.running;
      return;
    }
    Begin(caller);
  }

  Totals& totals_;
  std::unordered_map<int32_t, Caller> callers_;
};

UniqueFd Connect(uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  const int one = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

void MakeNonBlocking(int fd) {
  const int non_blocking = fcntl(fd, F_GETFL) | O_NONBLOCK;
  CHECK(fcntl(fd, F_SETFL, non_blocking) == 0);
}

// Whoever answers is believed: this measures a hop on this machine.
SSL* ShakeHands(SSL_CTX* context, int fd) {
  static constexpr std::array<unsigned char, 3> kH2 = {2, 'h', '2'};
  SSL* const ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  SSL_set_alpn_protos(ssl, kH2.data(), kH2.size());
  CHECK(SSL_connect(ssl) == 1);
  return ssl;
}

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsClient = std::unique_ptr<SSL_CTX, FreeContext>;

TlsClient MakeTlsClient() {
  TlsClient context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

double Percentile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<size_t>(part * static_cast<double>(sorted.size() - 1))];
}

int Run(std::string_view kind, uint16_t port, size_t callers, size_t connections, double seconds,
        bool with_tls) {
  Totals totals;
  totals.steps = StepsOf(kind);
  if (totals.steps.empty()) return 2;
  std::string token;
  std::getline(std::cin, token);
  totals.authorization = "Bearer " + token;
  const TlsClient tls = with_tls ? MakeTlsClient() : nullptr;
  const auto began = SteadyClock::now();
  totals.until = began + std::chrono::duration_cast<SteadyClock::duration>(
                             std::chrono::duration<double>(seconds));

  const UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  std::vector<std::unique_ptr<ClientEnd>> ends;
  for (size_t i = 0; i < connections; ++i) {
    UniqueFd fd = Connect(port);
    SSL* const ssl = with_tls ? ShakeHands(tls.get(), fd.get()) : nullptr;
    MakeNonBlocking(fd.get());
    ends.push_back(std::make_unique<ClientEnd>(std::move(fd), ssl, totals));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = i;
    CHECK(epoll_ctl(epoll.get(), EPOLL_CTL_ADD, ends.back()->fd(), &event) == 0);
  }
  for (size_t i = 0; i < callers; ++i) ends[i % connections]->Add();
  for (const auto& end : ends) end->Flush();
  std::array<epoll_event, 64> events{};
  while (totals.running > 0) {
    const int n = epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), 60'000);
    if (n == 0) return 1;
    for (int i = 0; i < n; ++i) {
      ClientEnd& end = *ends[events.at(static_cast<size_t>(i)).data.u64];
      if (!end.Read() || !end.Flush()) return 1;
    }
  }
  const double took = std::chrono::duration<double>(SteadyClock::now() - began).count();
  std::sort(totals.micros.begin(), totals.micros.end());
  std::cout << fmt::format(
      R"({{"rounds": {}, "seconds": {:.4f}, "p50": {:.1f}, "p99": {:.1f}, "bytes": {}, "errors": {}}})"
      "\n",
      totals.micros.size(), took, Percentile(totals.micros, 0.5), Percentile(totals.micros, 0.99),
      totals.bytes, totals.errors);
  return totals.errors == 0 ? 0 : 1;
}

}  // namespace
}  // namespace foxfire::bench

int main(int argc, char** argv) {
  const bool with_tls = argc == 7 && std::string_view(argv[6]) == "tls";
  if (argc != 6 && !with_tls) {
    std::cerr << "usage: load config|execute|stream|upload|plan PORT CALLERS CONNECTIONS SECONDS "
                 "[tls]\n";
    return 2;
  }
  return foxfire::bench::Run(argv[1], static_cast<uint16_t>(std::stoi(argv[2])),
                             std::stoul(argv[3]), std::stoul(argv[4]), std::stod(argv[5]),
                             with_tls);
}
