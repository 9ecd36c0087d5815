// The Spark Connect port: accepts connections and spreads them over the loops.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/metrics.h"
#include "common/result.h"
#include "server/http2/data_plane_options.h"
#include "server/http2/http2_stats.h"
#include "server/http2/loop_worker.h"
#include "server/http2/socket_address.h"
#include "server/http2/tls_context.h"

namespace foxfire::server::http2 {

// Create → Start → Drain → Stop; the destructor stops what still runs. Not thread-safe: for the
// thread that owns the gateway.
class DataPlane final : private IoHandler {
 public:
  // Binds the address; `tls` null: plaintext. Errors name server.listen. All borrowed, must outlive
  // this.
  static Result<std::unique_ptr<DataPlane>> Create(const DataPlaneOptions& options,
                                                   const SocketAddress& listen,
                                                   const TlsContext* tls, CallService& service,
                                                   const Clock& clock, Metrics& metrics);
  ~DataPlane();

  Result<void> Start();
  // The bound one, also if port 0 was asked for.
  const SocketAddress& address() const { return address_; }

  // Accepts nothing more, tells clients, and returns when no call is open any more or after
  // `patience`.
  void Drain(Duration patience);
  void Stop();

 private:
  DataPlane(const DataPlaneOptions& options, Metrics& metrics)
      : options_(options), stats_(metrics) {}
  Result<void> Bind(const SocketAddress& listen);
  void OnIo(uint32_t events) override;
  void PauseAccept();
  // A line each ten seconds at most: whoever connects could fill the disk with them.
  void WarnSeldom(const std::string& text);

  const DataPlaneOptions options_;
  Http2Stats stats_;
  SocketAddress address_;
  UniqueFd listener_;
  std::vector<std::unique_ptr<LoopWorker>> workers_;
  bool draining_ = false;
  // Confined to the first loop.
  size_t next_worker_ = 0;
  std::optional<SteadyTime> warned_;
};

}  // namespace foxfire::server::http2
