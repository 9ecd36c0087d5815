#include "server/http2/data_plane.h"

#include <fmt/format.h>

#include <cerrno>
#include <future>

#include "common/check.h"
#include "common/log.h"
#include "server/connect/status_details.h"
#include "server/http2/request_rewriter.h"

namespace foxfire::server::http2 {
namespace {

constexpr int kBacklog = 1024;
// Connections over the limit whose calls are told so; more are closed at once.
constexpr size_t kToldOfLimit = 64;
constexpr Duration kWarningInterval = std::chrono::seconds(10);
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

}  // namespace

Result<std::unique_ptr<DataPlane>> DataPlane::Create(const DataPlaneOptions& options,
                                                     const SocketAddress& listen,
                                                     const TlsContext* tls, CallService& service,
                                                     const Clock& clock, Metrics& metrics) {
  CHECK(options.stream_window >= 2 * RequestRewriter::kDecideAfter);
  std::unique_ptr<DataPlane> plane(new DataPlane(options, metrics));
  RETURN_IF_ERROR(plane->Bind(listen));
  for (size_t i = 0; i < options.loops; ++i) {
    ASSIGN_OR_RETURN(auto worker,
                     LoopWorker::Create(plane->options_, service, plane->stats_, tls, clock));
    plane->workers_.push_back(std::move(worker));
  }
  return plane;
}

DataPlane::~DataPlane() { Stop(); }

Result<void> DataPlane::Bind(const SocketAddress& listen_at) {
  listener_.Reset(
      socket(listen_at.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int one = 1;
  setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (!listener_.valid() || bind(listener_.get(), listen_at.get(), listen_at.size) != 0 ||
      listen(listener_.get(), kBacklog) != 0) {
    Error error =
        ErrnoError(errno, fmt::format("server.listen: listening on {}", listen_at.ToString()));
    if (errno == EADDRINUSE)
      error.message += "; stop what uses the port (ss -ltnp) or choose another one";
    return tl::unexpected(std::move(error));
  }
  address_.size = sizeof address_.storage;
  if (getsockname(listener_.get(), address_.get(), &address_.size) != 0) {
    return tl::unexpected(ErrnoError(errno, "server.listen"));
  }
  return {};
}

Result<void> DataPlane::Start() {
  RETURN_IF_ERROR(workers_.front()->loop().WatchReadable(listener_.get(), *this));
  for (size_t i = 0; i < workers_.size(); ++i) workers_[i]->Start(fmt::format("loop-{}", i));
  return {};
}

void DataPlane::OnIo(uint32_t) {
  for (;;) {
    SocketAddress peer;
    peer.size = sizeof peer.storage;
    UniqueFd fd(accept4(listener_.get(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      const int error = errno;
      if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
        WarnSeldom(ErrnoError(error, "accepting connections").message + "; new ones wait");
        PauseAccept();
      }
      return;
    }
    const size_t open = stats_.open_connections.load();
    std::optional<CallStatus> refusal;
    if (open >= options_.connections) {
      stats_.over_connections.Increment();
      WarnSeldom(fmt::format(
          "{} connections are open already (limits.connections), more are refused address={}",
          options_.connections, peer.ToString()));
      if (open >= options_.connections + kToldOfLimit) continue;
      refusal =
          StatusWithRetry({Code::kResourceExhausted,
                           fmt::format("{} connections are open already (limits.connections); "
                                       "try again later",
                                       options_.connections)});
    }
    stats_.accepted.Increment();
    stats_.open_connections.fetch_add(1);
    workers_[next_worker_++ % workers_.size()]->Adopt(std::move(fd), peer.ToString(),
                                                      std::move(refusal));
  }
}

// The listener stays readable while nothing can be accepted.
void DataPlane::PauseAccept() {
  EventLoop& loop = workers_.front()->loop();
  loop.Forget(listener_.get(), *this);
  loop.RunAfter(kAcceptPause, [this, &loop] {
    if (listener_.valid() && !loop.WatchReadable(listener_.get(), *this)) PauseAccept();
  });
}

void DataPlane::WarnSeldom(const std::string& text) {
  const SteadyTime now = workers_.front()->loop().now();
  if (warned_ && now - *warned_ < kWarningInterval) return;
  warned_ = now;
  Log("http2").warn("{}", text);
}

void DataPlane::Drain(Duration patience) {
  if (draining_) return;
  draining_ = true;
  workers_.front()->loop().Post([this] {
    workers_.front()->loop().Forget(listener_.get(), *this);
    listener_.Reset();
  });
  const auto until = std::chrono::steady_clock::now() + patience;
  std::vector<std::future<void>> idle;
  for (const auto& worker : workers_) {
    auto done = std::make_shared<std::promise<void>>();
    idle.push_back(done->get_future());
    worker->Drain([done] { done->set_value(); });
  }
  for (const std::future<void>& worker : idle) worker.wait_until(until);
}

void DataPlane::Stop() {
  for (const auto& worker : workers_) worker->Stop();
}

}  // namespace foxfire::server::http2
