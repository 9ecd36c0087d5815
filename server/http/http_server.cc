#include "server/http/http_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <httplib.h>
#include <netdb.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include "common/log.h"
#include "common/mutex.h"
#include "common/task_thread.h"
#include "common/unique_fd.h"
#include "server/http/http_stream.h"
#include "server/http/worker_pool.h"

namespace foxfire::server {
namespace {

// cpp-httplib's default is SO_REUSEPORT, which would let two servers share a port unnoticed.
void SetSocketOptions(socket_t fd) {
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

// cpp-httplib does not say why it could not bind: tries once more to find out.
std::string WhyNotBound(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const int failed = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
  if (failed != 0) return gai_strerror(failed);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  const UniqueFd fd(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.valid()) SetSocketOptions(fd.get());
  if (!fd.valid() || bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      listen(fd.get(), 1) != 0)
    return std::generic_category().message(errno);
  return "it was in use a moment ago";
}

// cpp-httplib's server with streams that have limits.
class LimitedServer final : public httplib::Server {
 public:
  LimitedServer(const HttpPages& pages, HttpStreamLimits limits, int stop_fd)
      : pages_(pages), limits_(limits), stop_fd_(stop_fd) {
    set_socket_options(SetSocketOptions);
    // In front of the library's own routing, which would read bodies and look for files.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      HttpAnswer answer = pages_.Answer(request.method, request.path);
      response.status = answer.status;
      response.set_content(answer.body, answer.content_type);
      return HandlerResponse::Handled;
    });
    set_exception_handler(
        [](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
          response.status = 500;
          response.set_content("internal error\n", "text/plain; charset=utf-8");
        });
  }

 private:
  bool process_and_close_socket(socket_t socket) override {
    const UniqueFd fd(socket);
    fcntl(fd.get(), F_SETFD, FD_CLOEXEC);  // engines are forked meanwhile
    HttpStream stream(fd.get(), stop_fd_, limits_, std::chrono::steady_clock::now());
    bool closed = false;
    const bool answered = process_request(stream, true, closed, [](const httplib::Request&) {});
    if (answered) stream.Linger();
    return answered;
  }

  const HttpPages& pages_;
  const HttpStreamLimits limits_;
  const int stop_fd_;
};

}  // namespace

struct HttpServer::Parts {
  Parts(const HttpServerOptions& options, std::vector<ReadinessCheck> checks, Metrics& metrics)
      : pages(std::move(checks), metrics),
        stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        server(pages, {options.request_timeout, options.request_bytes}, stop.get()) {}

  const HttpPages pages;
  const UniqueFd stop;
  LimitedServer server;
  Mutex stopping;  // held while joining: a second Stop() waits for the first
  std::thread acceptor;
};

HttpServer::HttpServer(ListenAddress address, std::unique_ptr<Parts> parts)
    : address_(std::move(address)), parts_(std::move(parts)) {}

HttpServer::~HttpServer() { Stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                      std::vector<ReadinessCheck> checks,
                                                      Metrics& metrics) {
  auto parts = std::make_unique<Parts>(options, std::move(checks), metrics);
  if (!parts->stop.valid()) return tl::unexpected(ErrnoError(errno, "making an eventfd"));
  LimitedServer& server = parts->server;
  ListenAddress address = options.listen;
  const bool any = address.port == 0;
  const int port = any ? server.bind_to_any_port(address.host)
                       : (server.bind_to_port(address.host, address.port) ? address.port : -1);
  if (port <= 0)
    return MakeError(Code::kUnavailable,
                     fmt::format("http.listen: cannot listen on {}: {}; end what uses it, or set "
                                 "http.listen to another address",
                                 address.ToString(), WhyNotBound(address)));
  address.port = static_cast<uint16_t>(port);

  // cpp-httplib ignores stop() until it is running, and makes its queue when it is.
  std::promise<void> running;
  server.new_task_queue = [&running, options]() -> httplib::TaskQueue* {
    auto pool = std::make_unique<WorkerPool>(options.threads, options.connections);
    running.set_value();
    return pool.release();
  };
  parts->acceptor = std::thread([&server] {
    NameThisThread("http-accept");
    if (!server.listen_after_bind())
      Log("http").error("stopped accepting connections: health and metrics are gone");
  });
  running.get_future().wait();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(address), std::move(parts)));
}

void HttpServer::Stop() {
  MutexLock lock(parts_->stopping);
  if (!parts_->acceptor.joinable()) return;
  const uint64_t one = 1;
  if (write(parts_->stop.get(), &one, sizeof(one)) != sizeof(one))
    Log("http").warn("waiting for open requests to end");
  parts_->server.stop();
  parts_->acceptor.join();
}

}  // namespace foxfire::server
