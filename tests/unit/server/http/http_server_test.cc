#include "server/http/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "common/unique_fd.h"

namespace foxfire::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

class HttpServerTest : public testing::Test {
 protected:
  static HttpServerOptions Options() {
    HttpServerOptions options;
    options.listen = {"127.0.0.1", 0};
    return options;
  }

  std::unique_ptr<HttpServer> Serve(const HttpServerOptions& options = Options(),
                                    std::vector<ReadinessCheck> checks = {}) {
    auto server = HttpServer::Start(options, std::move(checks), metrics_);
    EXPECT_TRUE(server) << server.error().message;
    return server ? *std::move(server) : nullptr;
  }

  static httplib::Client ClientOf(const HttpServer& server) {
    return httplib::Client(server.address().host, server.address().port);
  }

  // Connected, or invalid.
  static UniqueFd Connect(const HttpServer& server) {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.address().port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) fd.Reset();
    const timeval patience{20, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
  }

  // What comes back for raw bytes until the server closes.
  static std::string Exchange(const HttpServer& server, std::string_view bytes) {
    const UniqueFd fd = Connect(server);
    while (!bytes.empty()) {
      const ssize_t n = send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) break;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return ReadAll(fd.get());
  }

  static std::string ReadAll(int fd) {
    std::string answer;
    std::array<char, 4096> buffer;
    for (ssize_t n; (n = recv(fd, buffer.data(), buffer.size(), 0)) > 0;)
      answer.append(buffer.data(), static_cast<size_t>(n));
    return answer;
  }

  Metrics metrics_;
};

TEST_F(HttpServerTest, ServesOnAFreePort) {
  const auto server = Serve();

  auto client = ClientOf(*server);
  const auto answer = client.Get("/healthz");

  EXPECT_NE(server->address().port, 0);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "ok\n");
}

TEST_F(HttpServerTest, ServesReadinessMetricsAndNothingElse) {
  std::atomic<bool> ready = false;
  const auto server = Serve(Options(), {{"gate", [&]() -> Result<void> {
                                           if (ready) return {};
                                           return MakeError(Code::kUnavailable, "closed");
                                         }}});
  auto client = ClientOf(*server);

  const auto before = client.Get("/readyz");
  ready = true;
  const auto after = client.Get("/readyz");
  metrics_.AddCounter("foxfire_test_calls_total", "Calls.").Increment();
  const auto metrics = client.Get("/metrics");
  const auto other = client.Get("/x");

  ASSERT_TRUE(before && after && metrics && other);
  EXPECT_EQ(before->status, 503);
  EXPECT_THAT(before->body, HasSubstr("closed"));
  EXPECT_EQ(after->status, 200);
  EXPECT_THAT(metrics->body, HasSubstr("foxfire_test_calls_total 1"));
  EXPECT_EQ(other->status, 404);
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  const auto server = Serve();

  const std::string answer = Exchange(*server, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");

  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(answer.substr(answer.size() - 4), "\r\n\r\n");
}

TEST_F(HttpServerTest, OtherMethodsAreNotAllowedAndTheirBodiesNotRead) {
  const auto server = Serve();

  const std::string answer =
      Exchange(*server,
               "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nGET /metrics "
               "HTTP/1.1\r\n\r\n");

  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405"));
  EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos);
}

TEST_F(HttpServerTest, ATakenPortIsAnErrorThatNamesTheKey) {
  const auto first = Serve();
  HttpServerOptions options = Options();
  options.listen = first->address();

  const auto second = HttpServer::Start(options, {}, metrics_);

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  EXPECT_EQ(second.error().message,
            "http.listen: cannot listen on " + first->address().ToString() +
                ": Address already in use; end what uses it, or set http.listen to another "
                "address");
}

TEST_F(HttpServerTest, AnAddressOfNobodyIsAnError) {
  HttpServerOptions options = Options();
  options.listen = {"192.0.2.1", 0};  // TEST-NET-1: never this machine's

  const auto server = HttpServer::Start(options, {}, metrics_);

  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().message, HasSubstr("Cannot assign requested address"));
}

TEST_F(HttpServerTest, APortIsFreeAgainAfterTheEnd) {
  auto first = Serve();
  HttpServerOptions options = Options();
  options.listen = first->address();
  auto client = ClientOf(*first);
  ASSERT_TRUE(client.Get("/healthz"));

  first.reset();
  const auto second = Serve(options);

  auto again = ClientOf(*second);
  EXPECT_TRUE(again.Get("/healthz"));
}

TEST_F(HttpServerTest, GarbageHarmsNobody) {
  const auto server = Serve();

  const std::string large(1 << 20, 'x');
  std::string ranges = "Range: bytes=0-0";
  while (ranges.size() < 8000) ranges += ",0-0";
  for (const std::string& bytes :
       {std::string(), std::string("\0\0\0\0", 4), std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), std::string("GET"),
        std::string("GET /healthz\r\n\r\n"), "GET /" + large + " HTTP/1.1\r\n\r\n", large,
        "GET /healthz HTTP/1.1\r\nX: " + large + "\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n" + ranges + "\r\n\r\n",
        std::string("GET /healthz HTTP/1.1\r\nRange: bytes=99999999999999999999-\r\n\r\n"),
        std::string("GET /%zz%00 HTTP/1.1\r\nContent-Length: x\r\n\r\n")}) {
    const UniqueFd fd = Connect(*server);
    send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    shutdown(fd.get(), SHUT_WR);
    ReadAll(fd.get());
  }

  auto client = ClientOf(*server);
  EXPECT_TRUE(client.Get("/healthz"));
}

TEST_F(HttpServerTest, EndlessHeadersAreCutOff) {
  const auto server = Serve();
  std::string bytes = "GET /healthz HTTP/1.1\r\n";
  for (int i = 0; i < 20000; ++i) bytes += "X-" + std::to_string(i) + ": y\r\n";

  const std::string answer = Exchange(*server, bytes);

  EXPECT_EQ(answer.find("200 OK"), std::string::npos);
}

TEST_F(HttpServerTest, ASlowClientLosesItsThreadAtTheDeadline) {
  HttpServerOptions options = Options();
  options.threads = 1;
  options.request_timeout = 50ms;
  const auto server = Serve(options);
  const UniqueFd slow = Connect(*server);
  ASSERT_EQ(send(slow.get(), "GET", 3, MSG_NOSIGNAL), 3);

  ReadAll(slow.get());  // returns when the server closes
  auto client = ClientOf(*server);

  EXPECT_TRUE(client.Get("/healthz"));
}

TEST_F(HttpServerTest, StopsAtOnceWhateverClientsDo) {
  auto server = Serve();
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 5; ++i) silent.push_back(Connect(*server));
  const auto begin = std::chrono::steady_clock::now();

  server->Stop();
  server->Stop();

  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_FALSE(Connect(*server).valid());
}

TEST_F(HttpServerTest, ManyClientsAtTheSameTimeAllGetAnswers) {
  const auto server = Serve();
  std::atomic<int> answered = 0;

  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      for (int j = 0; j < 25; ++j) {
        auto client = ClientOf(*server);
        const auto answer = client.Get(j % 2 == 0 ? "/metrics" : "/readyz");
        if (answer && answer->status == 200) ++answered;
      }
    });
  }
  for (std::thread& client : clients) client.join();

  EXPECT_EQ(answered, 100);
}

}  // namespace
}  // namespace foxfire::server
